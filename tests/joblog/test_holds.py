"""What a person says while a run is at work: a hold, and a release, are never lost to what the run had read before."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from joblog import runner
from joblog.models import JobQueueEntry, SynchEntry
from joblog.retries import retry_couplings
from mappings.couplings import couplings_of, save_states, to_state
from mappings.holds import carried_over, hold, release
from mappings.models import Coupling, IntegrationTableMapping
from syncadmin.sync.couplings import CouplingState, Ends
from syncadmin.sync.records import Direction, Side
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
MakeCoupling = Callable[..., Coupling]
LONG = "A street with a name that is far too long for Business Central, " * 3
FROM = Direction.FROM_INTEGRATION


@contextmanager
def just_before_a_run_saves(act: Callable[[], object]) -> Iterator[list[str]]:
    """A person acts once the run has read the coupling, right before it is saved for the first time."""
    done: list[str] = []

    def watch(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith('INSERT INTO "mappings_coupling"') and not done:
            done.append(sql)
            act()
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        yield done
    assert done


@pytest.fixture
def failing(customer: IntegrationTableMapping, people: People, command: Command) -> Coupling:
    """A record whose street has failed once: the next run that fails with it skips it."""
    people.create_bc("customers", number="C1", displayName="Customer 1")
    command("synchronize", "CUSTOMER")
    people.change_sales("accounts", str(Coupling.objects.get().sales_key), address1_line1=LONG)
    assert command("synchronize", "CUSTOMER", "--direction", "from")[1]["jobs"][0]["failed"] == 1
    return Coupling.objects.get()


def anna_holds(*couplings: Coupling) -> None:
    with transaction.atomic():
        hold([row.pk for row in couplings], by="anna", reason="After the audit")


def anna_retries(coupling: Coupling) -> None:
    retry_couplings(Coupling.objects.filter(pk=coupling.pk), user=AnonymousUser())


def standing(coupling: Coupling) -> tuple[bool, str]:
    coupling.refresh_from_db()
    return coupling.skipped, coupling.held_by


def test_a_hold_is_not_lost_to_a_run_that_synchronizes_the_record(failing: Coupling, people: People, command: Command) -> None:
    people.change_sales("accounts", str(failing.sales_key), address1_line1="Ring 1")
    with just_before_a_run_saves(lambda: anna_holds(failing)):
        assert command("synchronize", "CUSTOMER", "--direction", "from")[1]["jobs"][0]["modified"] == 1
    assert standing(failing) == (True, "anna")
    assert (failing.from_result, failing.held_note) == ("Success", "After the audit")
    people.change_sales("accounts", str(failing.sales_key), address1_line1="Ring 2")
    assert command("synchronize", "CUSTOMER", "--direction", "from")[1]["jobs"][0]["skipped"] == 1
    assert SynchEntry.objects.latest("id").message == "Held by anna, until somebody retries it. Reason: After the audit"


def test_a_hold_is_a_persons_also_where_the_run_would_have_skipped_the_record(failing: Coupling, command: Command) -> None:
    with just_before_a_run_saves(lambda: anna_holds(failing)):
        assert command("synchronize", "CUSTOMER", "--direction", "from")[1]["jobs"][0]["skipped"] == 1
    assert standing(failing) == (True, "anna")


def test_a_release_is_not_lost_to_a_run_that_still_leaves_the_record_out(failing: Coupling, people: People, command: Command) -> None:
    anna_holds(failing)
    people.change_bc("customers", str(failing.bc_key), city="Graz")
    with just_before_a_run_saves(lambda: anna_retries(failing)):
        assert command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0]["skipped"] == 1
    assert standing(failing) == (False, "")


def test_a_retry_while_the_record_fails_again_is_tried_all_the_same(failing: Coupling, people: People, command: Command) -> None:
    with just_before_a_run_saves(lambda: anna_retries(failing)):
        assert command("synchronize", "CUSTOMER", "--direction", "from")[1]["jobs"][0]["skipped"] == 1
    assert standing(failing) == (False, "")
    people.change_sales("accounts", str(failing.sales_key), address1_line1="Ring 1")
    for entry in JobQueueEntry.objects.filter(status="Ready", recurring=False):
        runner.run(entry.pk)
    failing.refresh_from_db()
    assert failing.from_result == "Success"


def test_held_and_released_meanwhile_is_not_skipped_by_what_was_read_before(failing: Coupling, command: Command) -> None:
    def hold_and_retry() -> None:
        anna_holds(failing)
        anna_retries(failing)

    with just_before_a_run_saves(hold_and_retry):
        command("synchronize", "CUSTOMER", "--direction", "from")
    assert standing(failing) == (False, "")


def test_where_nobody_says_anything_a_run_skips(failing: Coupling, command: Command) -> None:
    with just_before_a_run_saves(lambda: None):
        command("synchronize", "CUSTOMER", "--direction", "from")
    assert standing(failing) == (True, "")


def skips(mapping: IntegrationTableMapping, rows: list[Coupling]) -> list[CouplingState]:
    """The states of these couplings as a run has read them, each of which it is going to skip."""
    states = couplings_of(mapping).for_records(Side.BUSINESS_CENTRAL, [str(row.bc_key) for row in rows])
    failed = [one.failed(FROM, job_id=1, error="x:", message="x", passing=False) for one in states.values()]
    assert all(one.skipped and not one.was_skipped for one in failed)
    return failed


def test_of_a_page_only_what_nobody_spoke_of_is_skipped_in_as_many_statements(
    mapping: IntegrationTableMapping, make_coupling: MakeCoupling
) -> None:
    numbers = []
    for many in (4, 30):
        rows = [make_coupling(from_result="Failure", from_error="x:") for _ in range(many)]
        states = skips(mapping, rows)
        anna_holds(rows[0])
        release(Coupling.objects.filter(pk=rows[1].pk))
        with transaction.atomic(), CaptureQueriesContext(connection) as asked:
            save_states(mapping.pk, states, job_id=1)
        numbers.append(len(asked))
        assert [standing(row) for row in rows] == [(True, "anna"), (False, ""), *[(True, "")] * (many - 2)]
    assert numbers[0] == numbers[1] <= 3


def test_a_run_that_changes_no_skip_asks_nothing_more(mapping: IntegrationTableMapping, make_coupling: MakeCoupling) -> None:
    states = [to_state(make_coupling()), to_state(make_coupling(skipped=True))]
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        save_states(mapping.pk, states, job_id=1)
    assert len(asked) == 1


def test_a_run_frees_only_what_no_person_holds(mapping: IntegrationTableMapping, make_coupling: MakeCoupling) -> None:
    free, held = make_coupling(skipped=True), make_coupling(skipped=True)
    states = [replace(to_state(row), skipped=False) for row in (free, held)]
    anna_holds(held)
    with transaction.atomic():
        save_states(mapping.pk, states, job_id=1)
    assert [standing(free), standing(held)] == [(False, ""), (True, "anna")]


def test_who_held_a_record_first_goes_on_holding_it(make_coupling: MakeCoupling) -> None:
    held, skipped = make_coupling(), make_coupling(skipped=True)
    anna_holds(held)
    with transaction.atomic():
        assert hold([held.pk, skipped.pk, 0], by="berta") == {held.pk: True, skipped.pk: False}
    assert [standing(held), standing(skipped)] == [(True, "anna"), (True, "berta")]


def test_a_hold_goes_over_to_the_coupling_that_takes_the_place_of_a_pending_one(make_coupling: MakeCoupling) -> None:
    pending, other = make_coupling(sales_key=None, pending="ToIntegrationTable"), make_coupling()
    anna_holds(pending)
    pending.refresh_from_db()
    new = CouplingState(None, Ends(pending.bc_key), Ends("found"))
    own, stranger = carried_over([new, CouplingState(None, Ends("b"), Ends("s"))], [pending, other])
    assert (own.skipped, own.hold.by, own.hold.reason) == (True, "anna", "After the audit")
    assert (stranger.skipped, stranger.hold.by) == (False, "")


@pytest.mark.django_db(transaction=True)
def test_a_run_waits_for_a_person_whose_hold_is_not_saved_yet(mapping: IntegrationTableMapping, make_coupling: MakeCoupling) -> None:
    """Two connections: the run saves while the transaction of the hold is open, and sees what it said."""
    rows = [make_coupling(from_result="Failure", from_error="x:") for _ in range(3)]
    states, held = skips(mapping, rows), threading.Event()

    def hold_slowly() -> None:
        with transaction.atomic():
            hold([rows[1].pk], by="anna")
            held.set()
            saving.wait(0.3)
        connection.close()

    saving, person = threading.Event(), threading.Thread(target=hold_slowly)
    person.start()
    assert held.wait(10)
    with transaction.atomic():
        save_states(mapping.pk, states, job_id=1)
    saving.set()
    person.join(10)
    assert [standing(row) for row in rows] == [(True, ""), (True, "anna"), (True, "")]


def test_the_pages_of_a_held_record_say_who_holds_it(reader: Client, make_coupling: MakeCoupling) -> None:
    held, repeated = make_coupling(last_error="Too long."), make_coupling(skipped=True, last_error="Too long.")
    anna_holds(held)
    for row, words in ((held, "Held by anna"), (repeated, "the same error repeated itself")):
        page = reader.get(f"/couplings/{row.pk}/").content.decode()
        assert words in page and "Too long." in page
    assert "“After the audit”" in reader.get(f"/couplings/{held.pk}/").content.decode()
    assert "the same error repeated itself" not in reader.get(f"/couplings/{held.pk}/").content.decode()
    assert "<b>Held by anna.</b> “After the audit” Too long." in reader.get("/skipped-records/").content.decode()
    exported = reader.get("/skipped-records/?export=csv").getvalue().decode()
    assert "Held by anna. “After the audit” Too long." in exported and exported.count("Held by") == 1


def test_what_people_hold_is_found_among_the_skipped_records(reader: Client, make_coupling: MakeCoupling) -> None:
    held, repeated = make_coupling(), make_coupling(skipped=True)
    anna_holds(held)
    for query, row in (("held=yes", held), ("held=no", repeated)):
        page = reader.get(f"/skipped-records/?{query}")
        assert [one.record.pk for one in page.context["table"].page.object_list] == [row.pk]
