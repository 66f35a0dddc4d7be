"""The default set-up, and the configuration out and in (commands.md section 1)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db.models import ProtectedError
from django.utils import timezone

from joblog.cue_exchange import thresholds_to_json
from joblog.exchange import entries_to_json
from joblog.models import JobQueueEntry, SynchJob
from joblog.notice_exchange import notice_rules_to_json
from joblog.retention_exchange import retention_to_json
from mappings.exchange import mappings_to_json, options_to_json, systems_to_json
from mappings.exchange_transformations import transformations_to_json
from mappings.models import (
    ConfigurationChange,
    Coupling,
    IntegrationFieldMapping,
    IntegrationTableMapping,
    OptionMapping,
    System,
    TransformationRule,
)
from syncadmin.sandbox.server import Sandbox
from tests.people import People


@pytest.fixture
def without_custom_pages() -> Iterator[str]:
    with Sandbox(port=0, data="empty", custom_pages=False) as server:
        yield server.url


def test_the_default_set_up_makes_all_mappings_fields_and_jobs(company: People) -> None:
    assert IntegrationTableMapping.objects.count() == 14
    assert JobQueueEntry.objects.filter(recurring=True).count() == 14
    customer = IntegrationTableMapping.objects.get(name="CUSTOMER")
    assert (customer.direction, customer.synch_only_coupled) == ("Bidirectional", True)
    assert customer.business_central.local_currency == "USD"
    assert set(OptionMapping.objects.values_list("name", flat=True)) == {"PAYMENT TERMS", "SHIPMENT METHOD", "SHIPPING AGENT"}
    assert ConfigurationChange.objects.filter(kind="mapping").count() == 14


@pytest.mark.rule("A20.in-place")
def test_it_can_be_repeated_without_harm(company: People) -> None:
    before = exported()
    call_command("setup", "default", sandbox=company.url, stdout=StringIO())
    assert exported() == before
    assert ConfigurationChange.objects.filter(kind="mapping").count() == 14


def test_with_api_v2_alone_it_leaves_out_what_does_not_exist_and_says_so(db: None, without_custom_pages: str) -> None:
    told = StringIO()
    call_command("setup", "default", sandbox=without_custom_pages, stdout=told)
    names = set(IntegrationTableMapping.objects.values_list("name", flat=True))
    tables = {"SALESPEOPLE", "CURRENCY", "UNIT OF MEASURE", "CUSTOMER", "ITEM-PRODUCT", "POSTEDSALESINV-INV", "POSTEDSALESLINE-INV"}
    assert names == tables | {"PAYMENT TERMS", "SHIPMENT METHOD"}
    fax = IntegrationFieldMapping.objects.get(mapping__name="CUSTOMER", field="faxNumber")
    assert fax.status == "Disabled" and "custom API pages" in fax.status_reason
    assert "CONTACT: API v2.0 has no first and last name" in told.getvalue()


def test_export_and_import_round_trip(company: People, tmp_path: Path) -> None:
    path = tmp_path / "configuration.json"
    call_command("setup", "export", str(path), stdout=StringIO())
    IntegrationTableMapping.objects.filter(name="CUSTOMER").update(direction="ToIntegrationTable")
    IntegrationFieldMapping.objects.filter(mapping__name="CONTACT").delete()
    JobQueueEntry.objects.filter(mapping__name="ITEM-PRODUCT").delete()
    OptionMapping.objects.filter(name="PAYMENT TERMS").delete()
    TransformationRule.objects.filter(code__startswith="US_").delete()
    call_command("setup", "import", str(path), stdout=StringIO())
    assert exported() == json.loads(path.read_text())


def test_what_an_import_changes_is_in_the_change_log_once_for_each_object(company: People, tmp_path: Path) -> None:
    data = exported()
    data["mappings"][0]["description"] = "changed"
    data["systems"][0]["time_zone"] = "Asia/Tokyo"
    data["job_queue_entries"][0]["minutes_between_runs"] = 7
    path = tmp_path / "configuration.json"
    path.write_text(json.dumps(data))
    ConfigurationChange.objects.all().delete()
    version = IntegrationTableMapping.objects.get(name=data["mappings"][0]["name"]).version
    call_command("setup", "import", str(path), stdout=StringIO())
    changes = {change.kind: change for change in ConfigurationChange.objects.all()}
    assert len(changes) == ConfigurationChange.objects.count() == 3
    assert changes["mapping"].version == version + 1
    assert changes["mapping"].after["description"] == "changed"
    assert changes["system"].after["time_zone"] == "Asia/Tokyo"
    assert changes["job queue entry"].after["minutes_between_runs"] == 7


def test_an_export_holds_no_secret(company: People, tmp_path: Path) -> None:
    path = tmp_path / "configuration.json"
    call_command("setup", "export", str(path), stdout=StringIO())
    systems = json.loads(path.read_text())["systems"]
    assert not [key for system in systems for key in system if "secret" in key or "certificate" in key]
    assert System.objects.get(kind="sales").client_secret == "sandbox"


def test_an_import_with_a_mistake_changes_nothing_and_names_it(company: People, tmp_path: Path) -> None:
    data = exported()
    data["mappings"][0]["direction"] = "ToTheMoon"
    data["mappings"][1]["description"] = "changed"
    path = tmp_path / "configuration.json"
    path.write_text(json.dumps(data))
    said = StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command("setup", "import", str(path), stdout=StringIO(), stderr=said)
    assert stop.value.code == 2
    assert "direction" in said.getvalue() and "ToTheMoon" in said.getvalue()
    assert not IntegrationTableMapping.objects.filter(description="changed").exists()


def exported() -> dict[str, list[dict[str, object]]]:
    data = {
        "systems": systems_to_json(),
        "mappings": mappings_to_json(),
        "option_mappings": options_to_json(),
        "transformation_rules": transformations_to_json(),
        "job_queue_entries": entries_to_json(),
        "notice_rules": notice_rules_to_json(),
        "log_retention": retention_to_json(),
        "cue_thresholds": thresholds_to_json(),
    }
    plain: dict[str, list[dict[str, object]]] = json.loads(json.dumps(data))
    return plain


@pytest.mark.rule("A20.in-place", "A20.stay")
def test_resetting_to_defaults_overwrites_mappings_in_place_and_leaves_couplings_and_log(company: People) -> None:
    customer = IntegrationTableMapping.objects.get(name="CUSTOMER")
    Coupling.objects.create(mapping=customer, bc_key="b", sales_key="s", bc_number="C1")
    job = SynchJob.objects.create(mapping=customer, mapping_name="CUSTOMER", direction="ToIntegrationTable", started_at=timezone.now())
    IntegrationTableMapping.objects.filter(pk=customer.pk).update(direction="ToIntegrationTable", synch_only_coupled=False)
    customer.field_mappings.all().delete()
    call_command("setup", "default", sandbox=company.url, stdout=StringIO())
    after = IntegrationTableMapping.objects.get(name="CUSTOMER")
    assert (after.pk, after.direction, after.synch_only_coupled) == (customer.pk, "Bidirectional", True)
    assert after.field_mappings.exists()
    assert (Coupling.objects.get().mapping_id, SynchJob.objects.get().pk) == (customer.pk, job.pk)


@pytest.mark.rule("A20.delete")
def test_a_mapping_with_couplings_is_not_deleted_before_they_are_uncoupled(company: People) -> None:
    customer = IntegrationTableMapping.objects.get(name="CUSTOMER")
    Coupling.objects.create(mapping=customer, bc_key=str(uuid.uuid4()), sales_key=str(uuid.uuid4()))
    with pytest.raises(ProtectedError):
        customer.delete()
    with pytest.raises(SystemExit) as stop:
        call_command("uncouple", "CUSTOMER", "--all", stdout=StringIO())
    assert (stop.value.code, Coupling.objects.exists()) == (0, False)
    customer.delete()
    assert (SynchJob.objects.get().mapping, SynchJob.objects.get().mapping_name) == (None, "CUSTOMER")


@pytest.mark.rule("A25.fields")
def test_the_default_set_up_marks_match_fields(company: People) -> None:
    marked = IntegrationFieldMapping.objects.filter(use_for_match=True, status="Enabled").values_list("mapping__name", "integration_field")
    assert set(marked) >= {
        ("SALESPEOPLE", "internalemailaddress"), ("CURRENCY", "isocurrencycode"), ("CUSTOMER", "name"), ("CONTACT", "emailaddress1"),
        ("ITEM-PRODUCT", "productnumber"), ("RESOURCE-PRODUCT", "productnumber"), ("CUSTPRCGRP-PRICE", "name"),
    }  # fmt: skip


@pytest.mark.rule("17.dependencies")
def test_the_default_mappings_depend_on_each_other_as_in_the_reference(company: People) -> None:
    found = {row.name: set(row.depends_on) for row in IntegrationTableMapping.objects.all()}
    products = {"ITEM-PRODUCT", "RESOURCE-PRODUCT"}
    assert found["SALESPEOPLE"] == found["CURRENCY"] == found["UNIT OF MEASURE"] == set()
    assert found["CUSTOMER"] >= {"SALESPEOPLE", "CURRENCY"}
    assert found["CONTACT"] >= {"CUSTOMER"}
    assert all(found[name] >= {"UNIT OF MEASURE"} for name in products)
    assert found["CUSTPRCGRP-PRICE"] >= {"CURRENCY", "ITEM-PRODUCT"}
    assert found["SALESPRC-PRODPRICE"] >= {"CUSTPRCGRP-PRICE", "ITEM-PRODUCT"}
    assert found["POSTEDSALESINV-INV"] >= products
    assert found["POSTEDSALESLINE-INV"] >= {"POSTEDSALESINV-INV"}
