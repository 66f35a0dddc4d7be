"""An option mapping that turns to Sales lets its Ready entry rest, wherever it was changed (engine.md section 1.2)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from joblog import wake_up
from joblog.models import JobQueueEntry, JobQueueLogEntry, Worker
from joblog.timekeeper import Timekeeper
from joblog.turned_mappings import rest_where_turned
from mappings.changes import save_with_history
from mappings.models import ConfigurationChange, IntegrationTableMapping
from tests.people import People

TO, FROM = "ToIntegrationTable", "FromIntegrationTable"
READY, RESTING = "Ready", "On Hold with Inactivity Timeout"
Change = Callable[[IntegrationTableMapping], None]


@pytest.fixture
def terms(company: People) -> IntegrationTableMapping:
    """PAYMENT TERMS, which came from Sales until now, with its Ready entry."""
    mapping = IntegrationTableMapping.objects.get(name="PAYMENT TERMS")
    turn(mapping, FROM)
    rest_where_turned()
    return mapping


def turn(mapping: IntegrationTableMapping, direction: str) -> None:
    """Saves the direction as every page does, with its history."""

    def save() -> None:
        mapping.direction = direction
        mapping.save()
        mapping.field_mappings.update(direction=direction)

    save_with_history(mapping, None, "Direction", save)


def entry(name: str = "PAYMENT TERMS") -> JobQueueEntry:
    return JobQueueEntry.objects.get(mapping__name=name, recurring=True)


def fields(form: Any) -> dict[str, Any]:
    shown = {form.add_prefix(name): getattr(form[name].value(), "pk", form[name].value()) for name in form.fields}
    return {name: "on" if value is True else value for name, value in shown.items() if value is not None and value is not False}


def on_its_page(mapping: IntegrationTableMapping, client: Client) -> None:
    page = f"/mappings/{mapping.pk}/"
    form = client.get(page).context["form"]
    assert client.post(page, {**fields(form), "direction": TO}).status_code == 302


def in_the_list(mapping: IntegrationTableMapping, client: Client) -> None:
    rows = client.get("/mappings/edit/").context["rows"]
    sent = {name: value for form in (rows.management_form, *rows.forms) for name, value in fields(form).items()}
    (own,) = [form for form in rows.forms if form.instance.pk == mapping.pk]
    assert client.post("/mappings/edit/", {**sent, own.add_prefix("direction"): TO}).status_code == 302


def by_a_field(mapping: IntegrationTableMapping, client: Client) -> None:
    page = f"/mappings/{mapping.pk}/fields/"
    context = client.get(page).context
    sent = {name: value for form in (context["rows"].management_form, *context["rows"].forms) for name, value in fields(form).items()}
    first = context["rows"].forms[0].add_prefix("direction")
    assert client.post(page, {**sent, first: TO, "seen_version": context["mapping"].version}).status_code == 302


def by_an_older_version(mapping: IntegrationTableMapping, client: Client) -> None:
    first = ConfigurationChange.objects.filter(kind="mapping", name=mapping.name).earliest("id")
    assert client.post(f"/mappings/{mapping.pk}/versions/{first.pk}/restore/").status_code == 302


def from_a_file(mapping: IntegrationTableMapping, client: Client, tmp_path: Path) -> None:
    file = tmp_path / "setup.json"
    call_command("setup", "export", str(file), stdout=StringIO())
    data = json.loads(file.read_text())
    for row in data["mappings"]:
        if row["name"] == mapping.name:
            row["direction"] = TO
            row["fields"] = [{**field, "direction": TO} for field in row["fields"]]
    file.write_text(json.dumps({"mappings": data["mappings"]}))
    call_command("setup", "import", str(file), stdout=StringIO())


@pytest.mark.rule("1.2.options-rest")
@pytest.mark.parametrize("change", [on_its_page, in_the_list, by_a_field, by_an_older_version, from_a_file])
def test_its_entry_rests_wherever_it_was_changed(
    change: Any, terms: IntegrationTableMapping, signed_in: Callable[[str], Client], tmp_path: Path
) -> None:
    assert entry().status == READY
    change(terms, signed_in("Administrator"), *([tmp_path] if change is from_a_file else []))
    assert (IntegrationTableMapping.objects.get(pk=terms.pk).direction, rest_where_turned()) == (TO, 1)
    assert entry().status == RESTING
    assert entry().earliest_start - timezone.now() > timedelta(hours=23)


def test_a_worker_sees_it_before_it_rings_for_what_is_due(terms: IntegrationTableMapping) -> None:
    JobQueueEntry.objects.exclude(pk=entry().pk).delete()
    JobQueueEntry.objects.update(earliest_start=timezone.now(), rung_at=None)
    turn(terms, TO)
    worker = Worker.objects.create(host="here", pid=1, started_at=timezone.now(), heartbeat_at=timezone.now())
    Timekeeper(worker, stop=lambda: True, alive=lambda: True).round()
    assert (entry().status, entry().rung_at) == (RESTING, None)


def test_a_changed_code_wakes_it(terms: IntegrationTableMapping) -> None:
    turn(terms, TO)
    rest_where_turned()
    assert wake_up.wake(terms.business_central, ["paymentTerms"]) == 1
    assert entry().status == READY


def test_turning_away_from_sales_and_other_mappings_change_nothing(terms: IntegrationTableMapping) -> None:
    turn(IntegrationTableMapping.objects.get(name="SHIPPING AGENT"), FROM)
    turn(IntegrationTableMapping.objects.get(name="CUSTOMER"), TO)
    assert rest_where_turned() == 0
    assert {entry(name).status for name in ("PAYMENT TERMS", "SHIPPING AGENT", "CUSTOMER")} == {READY}


def test_a_run_that_was_put_off_goes_on_at_its_time(terms: IntegrationTableMapping) -> None:
    run = JobQueueLogEntry.objects.create(entry=entry(), description="Put off", status="In Process", started_at=timezone.now())
    JobQueueEntry.objects.filter(pk=entry().pk).update(current_log=run)
    turn(terms, TO)
    assert rest_where_turned() == 0
    assert entry().status == READY


@pytest.mark.parametrize("values", [{"status": "On Hold"}, {"status": "Error"}, {"forced": True}])
def test_only_an_entry_that_waits_for_its_turn_rests(terms: IntegrationTableMapping, values: dict[str, Any]) -> None:
    JobQueueEntry.objects.filter(pk=entry().pk).update(**values)
    turn(terms, TO)
    assert rest_where_turned() == 0
    JobQueueEntry.objects.filter(pk=entry().pk).update(status=READY, forced=False)
    assert rest_where_turned() == 0  # it was seen when it could not rest


def test_looking_costs_one_statement_where_nothing_was_turned(company: People, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert rest_where_turned() == 0
