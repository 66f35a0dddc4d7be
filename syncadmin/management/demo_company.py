"""What a person at the demo company would do first: sign in, set up, couple what belongs together, let customers create accounts."""

from __future__ import annotations

from io import StringIO

from django.contrib.auth.models import Group, User
from django.core.management import call_command

from joblog.foreground import run_in_foreground
from joblog.models import RunKind, Trigger
from joblog.queue import new_entry
from joblog.scope import Scope
from mappings.changes import save_with_history
from mappings.models import ConfigurationChange, IntegrationTableMapping, System
from mappings.systems import test_connection
from syncadmin.sandbox.demo_data import coupled_pairs
from syncadmin.sync.records import Direction

USER, PASSWORD = "admin", "sync-demo"
_LAST_STEP = "Synch. Only Coupled Records switched off"


def prepare(sandbox: str) -> None:
    """The default set-up against the demo data of the sandbox at this address, with the same records of both sides coupled."""
    make_person()
    call_command("setup", "default", sandbox=sandbox, stdout=StringIO())
    for system in System.objects.all():
        test_connection(system)
    _couple_what_belongs_together()
    _let_customers_create_accounts()


def is_prepared() -> bool:
    """Whether the preparation has reached its end; one that was interrupted is done again without harm."""
    return ConfigurationChange.objects.filter(what=_LAST_STEP).exists()


def make_person() -> None:
    """The administrator who signs in, unless there is somebody already."""
    if not User.objects.exists():
        person = User.objects.create_superuser(USER, password=PASSWORD)
        person.groups.add(Group.objects.get(name="Administrator"))


def _couple_what_belongs_together() -> None:
    """What a company would couple first: the records that are the same on both sides, Business Central's values winning."""
    pairs: dict[str, list[tuple[str, str]]] = {}
    for name, bc_key, sales_key in coupled_pairs():
        pairs.setdefault(name, []).append((bc_key, sales_key))
    for mapping in IntegrationTableMapping.objects.select_related("business_central", "sales").filter(name__in=pairs).order_by("order"):
        ways = mapping.directions if mapping.direction == Direction.FROM_INTEGRATION else (Direction.TO_INTEGRATION,)
        scope = Scope(directions=tuple(ways), pairs=tuple(pairs[mapping.name]), use=ways[0].source)
        entry = new_entry(
            mapping=mapping, run_kind=RunKind.COUPLE, scope=scope, user=User.objects.get(username=USER), trigger=Trigger.PERSON
        )
        run_in_foreground(entry)


def _let_customers_create_accounts() -> None:
    mapping = IntegrationTableMapping.objects.get(name="CUSTOMER")

    def save() -> None:
        mapping.synch_only_coupled = False
        mapping.save()

    save_with_history(mapping, User.objects.get(username=USER), _LAST_STEP, save)
