import uuid

import pytest
from django.contrib.auth.models import Group, User
from django.db.models.signals import pre_save

from joblog.models import JobQueueEntry
from mappings.models import Coupling, FieldStatus, IntegrationFieldMapping, IntegrationTableMapping, System, SystemTable
from syncadmin.sync.tables import Field, FieldType, Table


@pytest.fixture
def systems(db):
    return (
        System.objects.create(name="CRONUS", kind="business_central", address="http://127.0.0.1:9/bc", company="CRONUS"),
        System.objects.create(name="contoso.crm", kind="sales", address="http://127.0.0.1:9"),
    )


@pytest.fixture
def make_mapping(systems):
    def make(name="CUSTOMER", **values):
        business_central, sales = systems
        plain = {"table": "customers", "table_label": "Customer", "integration_table": "accounts", "integration_table_label": "Account"}
        return IntegrationTableMapping.objects.create(name=name, business_central=business_central, sales=sales, **(plain | values))

    return make


@pytest.fixture
def mapping(make_mapping):
    """CUSTOMER with an enabled bidirectional field and a disabled one to Sales."""
    made = make_mapping()
    for position, (field, other, direction, status) in enumerate(
        [
            ("displayName", "name", "Bidirectional", FieldStatus.ENABLED),
            ("city", "address1_city", "ToIntegrationTable", FieldStatus.DISABLED),
        ]
    ):
        IntegrationFieldMapping.objects.create(
            mapping=made, position=position, field=field, integration_field=other, direction=direction, status=status
        )
    return made


@pytest.fixture
def known_tables(systems):
    """What both systems have said about the tables of CUSTOMER."""
    for system, name, fields in zip(
        systems, ("customers", "accounts"), (("displayName", "city", "email"), ("name", "address1_city")), strict=True
    ):
        table = Table(name=name, label=name, key="id", modified_on="at", fields={one: Field(one, FieldType.TEXT, one) for one in fields})
        SystemTable.objects.create(system=system, name=name, label=name, metadata=table.to_json())


@pytest.fixture
def couple():
    def make(mapping, **values):
        return Coupling.objects.create(mapping=mapping, bc_key=str(uuid.uuid4()), sales_key=str(uuid.uuid4()), **values)

    return make


@pytest.fixture
def sign_in(client, db):
    """Signs a person of one role in and gives the browser."""

    def enter(role):
        user = User.objects.create_user(role.lower())
        user.groups.add(Group.objects.get(name=role))
        client.force_login(user)
        return client

    return enter


@pytest.fixture
def reader(sign_in):
    return sign_in("Reader")


@pytest.fixture
def administrator(sign_in):
    return sign_in("Administrator")


def _inputs(form):
    for name, field in form.fields.items():
        value = form.get_initial_for_field(field, name)
        if value is not None and value is not False:
            yield name, value


@pytest.fixture
def posted():
    """What the browser would send for the form of a page that was just opened, with some values changed (None leaves a box unticked)."""

    def collect(form, **changes):
        data = dict(_inputs(form)) | changes
        return {name: value for name, value in data.items() if value is not None}

    return collect


class Crash(Exception):
    pass


@pytest.fixture
def no_entry_is_saved():
    """The process ends when it is about to save a job queue entry."""

    def end(**_values):
        raise Crash

    pre_save.connect(end, sender=JobQueueEntry)
    yield Crash
    pre_save.disconnect(end, sender=JobQueueEntry)
