"""A full synchronization can be previewed as a whole: its previews count with each other, and nothing is written (engine.md A11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from joblog.models import FullSynchronizationLine, SynchEntry, SynchJob
from mappings.models import Coupling, IntegrationFieldMapping, IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
FULL_PREVIEW = ("synchronize", "--all", "--full", "--preview")


@pytest.fixture
def two_sides(company: People) -> People:
    """A pair, a record without the other on either side, a customer with two accounts, and one in a currency that Sales does not have."""
    company.create_standard("currencies", code="EUR", displayName="Euro", symbol="€")
    company.control("POST", "rate", {"currency": "EUR", "rate": 0.9})
    for name in ("Adatum", "Only here", "Twins"):
        company.create_bc("customers", displayName=name)
    company.create_bc("customers", displayName="In euros", currencyCode="EUR")
    for name in ("Adatum", "Only there", "Twins", "Twins"):
        company.create_sales("accounts", name=name, customertypecode=3)
    company.control("POST", "stats/reset")
    return company


def counted(told: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What each job counted, statistics aside; the run reads what it has written as unchanged, too."""
    names = ("mapping", "direction", "inserted", "modified", "skipped", "failed", "coupled")
    return [tuple(job[name] for name in names) for job in told["jobs"] if job["type"] != "Statistics"]


def test_nothing_is_written_on_either_side_nor_kept(two_sides: People, command: Command) -> None:
    before = [two_sides.rows_bc("customers"), two_sides.rows_sales("accounts"), two_sides.rows_sales("transactioncurrencies")]
    marks = list(IntegrationTableMapping.objects.order_by("id").values_list("bc_watermark", "sales_watermark", "last_job_id"))
    code, told = command(*FULL_PREVIEW)
    assert (code, {job["type"] for job in told["jobs"]}) == (1, {"Preview"})
    assert before == [two_sides.rows_bc("customers"), two_sides.rows_sales("accounts"), two_sides.rows_sales("transactioncurrencies")]
    assert not Coupling.objects.exists()
    assert not FullSynchronizationLine.objects.exists()
    assert marks == list(IntegrationTableMapping.objects.order_by("id").values_list("bc_watermark", "sales_watermark", "last_job_id"))


@pytest.mark.rule("A11.full")
def test_it_says_what_the_run_then_does(two_sides: People, command: Command) -> None:
    _, preview = command(*FULL_PREVIEW)
    _, real = command("synchronize", "--all", "--full")
    assert counted(preview) == counted(real)
    told = {line["mapping"]: line["recommendation"] for line in preview["lines"]}
    assert told == {line["mapping"]: line["recommendation"] for line in real["lines"]}


@pytest.mark.rule("A11.remembers")
def test_references_to_records_that_would_be_created_are_no_errors(two_sides: People, command: Command) -> None:
    command(*FULL_PREVIEW)
    job = SynchJob.objects.filter(mapping_name="CUSTOMER", direction="ToIntegrationTable").first()  # the newest
    assert {entry.source_label.split(" ", 1)[1] for entry in job.entries.filter(action="Inserted")} == {"Only here", "In euros"}
    assert [entry.code for entry in job.entries.filter(action="Failed")] == ["ambiguous"]


def test_a_preview_alone_knows_nothing_of_other_previews(two_sides: People, command: Command) -> None:
    command(*FULL_PREVIEW)
    command("synchronize", "CUSTOMER", "--full", "--preview", "--create-new")
    job = SynchJob.objects.filter(mapping_name="CUSTOMER", direction="ToIntegrationTable").first()  # the newest
    assert job.entries.get(source_label__endswith="In euros").code == "not-coupled"


def test_previews_of_all_mappings_count_with_each_other_too(two_sides: People, command: Command) -> None:
    IntegrationTableMapping.objects.filter(name__in=["CURRENCY", "CUSTOMER"]).update(synch_only_coupled=False)
    command("synchronize", "--all", "--preview")
    job = SynchJob.objects.get(mapping_name="CUSTOMER", direction="ToIntegrationTable")
    assert job.entries.get(source_label__endswith="In euros").action == "Inserted"


def test_a_pair_of_the_first_step_is_a_pair_for_the_next_ones(two_sides: People, command: Command) -> None:
    command(*FULL_PREVIEW)
    entries = SynchEntry.objects.filter(job__mapping_name="CUSTOMER", source_label__endswith="Adatum").order_by("id")
    told = [(bool(entry.job.scope.get("match")), entry.action, [one["field"] for one in entry.changes]) for entry in entries]
    assert told == [(True, "Coupled", []), (False, "Modified", ["bcbi_companyid"])]


def test_a_line_without_match_fields_says_so_and_goes_no_further(two_sides: People, command: Command) -> None:
    IntegrationFieldMapping.objects.filter(mapping__name="CUSTOMER").update(use_for_match=False)
    _, told = command(*FULL_PREVIEW)
    (line,) = [one for one in told["lines"] if one["mapping"] == "CUSTOMER"]
    assert "used for match-based coupling" in line["message"]
    assert len([job for job in told["jobs"] if job["mapping"] == "CUSTOMER"]) == 1
    assert "status" not in told


def test_a_full_synchronization_ends_with_the_statistics_and_its_preview_does_not(two_sides: People, command: Command) -> None:
    _, preview = command(*FULL_PREVIEW)
    _, told = command("synchronize", "--all", "--full")
    assert [job["mapping"] for job in told["jobs"][-2:]] == ["CUSTOMER STATISTICS", "INVOICE STATUS"]
    assert {job["type"] for job in preview["jobs"]} == {"Preview"}
