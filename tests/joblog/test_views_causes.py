"""Causes of Synchronization Errors: counts that link to exactly their records, explanations, and fixes as buttons."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from joblog.models import ErrorCause, JobQueueEntry
from joblog.scope import Scope
from mappings.models import ConfigurationChange, Coupling, IntegrationTableMapping
from syncadmin.sync.records import Direction, Side
from tests.joblog.conftest import MakeEntry, MakeJob, MakeMapping

CAUSES = "/causes/"
# session, person, 2 x permissions, names of the mapping filter, count, causes, systems of the top bar, pause
QUERIES = 11
SignIn = Callable[[str], Client]


def shown(client: Client, query: str = "") -> list[tuple[str, int]]:
    return [(row.record.code, row.record.records) for row in client.get(f"{CAUSES}{query}").context["table"].page.object_list]


def fix(client: Client, cause: ErrorCause | None, do: str) -> str:
    assert cause is not None
    return client.post(reverse("joblog:cause-fix", args=[cause.pk]), {"do": do}, follow=True).content.decode()


def made() -> dict[str, Scope]:
    return {entry.run_kind: Scope.from_json(entry.parameters) for entry in JobQueueEntry.objects.all()}


def test_what_holds_up_most_records_stands_first_and_past_causes_are_left_out(
    reader: Client, make_job: MakeJob, make_entry: MakeEntry
) -> None:
    make_entry(make_job(), code="conflict", resolved_at=make_job().started_at)
    make_entry(make_job(), code="refused")
    for _ in range(3):
        make_entry(make_job())
    assert shown(reader) == [("too-long", 3), ("refused", 1)]
    assert shown(reader, "?state=all") == [("too-long", 3), ("refused", 1), ("conflict", 0)]


def test_each_count_links_to_exactly_its_records(
    reader: Client, make_job: MakeJob, make_entry: MakeEntry, make_mapping: MakeMapping
) -> None:
    contact = make_mapping("CONTACT")
    for job in (make_job(), make_job(), make_job(mapping=contact), make_job(direction="FromIntegrationTable")):
        make_entry(job, fields=["name"])
    make_entry(make_job(), fields=["city"])
    page = reader.get(CAUSES).content.decode()
    for cause in ErrorCause.objects.all():
        assert f'href="/errors/?cause={cause.pk}"' in page
        rows = reader.get(f"/errors/?cause={cause.pk}").context["table"].page.object_list
        assert len(rows) == cause.records
        assert {row.record.cause_id for row in rows} == {cause.pk}


def test_a_cause_is_explained_in_plain_words_with_its_last_message(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    make_entry(make_job(), fields=["name"], message="Name has <b>120</b> characters.")
    page = reader.get(CAUSES).content.decode()
    assert "A text is too long" in page
    assert "Name has &lt;b&gt;120&lt;/b&gt; characters." in page


def test_the_list_is_filtered(reader: Client, make_job: MakeJob, make_entry: MakeEntry, make_mapping: MakeMapping) -> None:
    make_entry(make_job())
    make_entry(make_job(mapping=make_mapping("CONTACT")), code="conflict")
    make_entry(make_job(direction="FromIntegrationTable"), code="refused")
    assert shown(reader, "?mapping=CONTACT") == [("conflict", 1)]
    assert shown(reader, "?direction=FromIntegrationTable") == [("refused", 1)]
    assert shown(reader, "?code=TOO-LONG") == [("too-long", 1)]
    assert shown(reader, "?search=refus") == [("refused", 1)]


def test_no_query_per_cause(reader: Client, make_job: MakeJob, make_entry: MakeEntry, django_assert_num_queries) -> None:
    make_entry(make_job())
    reader.get(CAUSES)
    with django_assert_num_queries(QUERIES):
        reader.get(CAUSES)
    for number in range(20):
        make_entry(make_job(), fields=[f"field{number}"], detail={"missing": [{"mapping": "CURRENCY", "value": "GBP"}]})
    with django_assert_num_queries(QUERIES):
        reader.get(CAUSES)


# ---- fixes


def test_retrying_a_cause_runs_its_records_and_no_others(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    one, two = make_entry(make_job()), make_entry(make_job())
    make_entry(make_job(), code="conflict")
    told = fix(operator, one.cause, "retry")
    assert "2 records will be synchronized again." in told
    assert set(made()["synchronize"].bc_keys) == {one.source_key, two.source_key}


def test_the_side_that_wins_all_conflicts_is_chosen_once(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    cause = make_entry(make_job(), code="conflict").cause
    fix(operator, cause, "keep-sales")
    assert (made()["synchronize"].use, made()["synchronize"].directions) == (Side.SALES, tuple(Direction))


def test_what_is_missing_is_coupled_in_the_run_that_retries(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    def missing(value: str) -> dict[str, object]:
        return {"code": "not-coupled", "fields": ["currencyCode"], "detail": {"missing": [{"mapping": "CURRENCY", "value": value}]}}

    cause = make_entry(make_job(), **missing("GBP")).cause
    make_entry(make_job(), **missing("USD"))
    make_entry(make_job(), **missing("GBP"))
    assert "Couple what is missing and retry 3 records" in operator.get(CAUSES).content.decode()
    fix(operator, cause, "couple")
    (scope,) = made().values()
    assert [(name, set(values)) for name, values in scope.first] == [("CURRENCY", {"GBP", "USD"})]
    assert len(scope.bc_keys) == 3


def test_a_missing_pair_is_added_by_hand_and_cannot_be_coupled(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    detail = {"missing": [{"mapping": "option mapping PAYMENT TERMS", "value": "CM"}]}
    cause = make_entry(make_job(), code="unknown-option", detail=detail).cause
    assert "/option-mappings/?name=PAYMENT+TERMS" in operator.get(CAUSES).content.decode()
    assert "couple does not help against this cause" in fix(operator, cause, "couple")


def test_an_administrator_lets_the_field_mapping_truncate(
    signed_in: SignIn, mapping: IntegrationTableMapping, make_job: MakeJob, make_entry: MakeEntry
) -> None:
    for field, target, status in (
        ("displayName", "name", "Enabled"),
        ("city", "address1_city", "Enabled"),
        ("displayName", "nickname", "Disabled"),
    ):
        mapping.field_mappings.create(field=field, integration_field=target, status=status)
    cause = make_entry(make_job(), fields=["displayName"]).cause
    told = fix(signed_in("Administrator"), cause, "truncate")
    assert "1 record will be synchronized again." in told
    assert [one.truncate for one in mapping.field_mappings.order_by("pk")] == [True, False, False]
    change = ConfigurationChange.objects.get()
    assert (change.name, change.what, change.version) == ("CUSTOMER", "Truncate displayName", 2)


def test_an_operator_neither_sees_nor_presses_what_configures(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    cause = make_entry(make_job(), fields=["name"]).cause
    assert cause is not None
    page = operator.get(CAUSES).content.decode()
    assert "Truncate" not in page and "Retry 1 record" in page
    assert operator.post(reverse("joblog:cause-fix", args=[cause.pk]), {"do": "truncate"}).status_code == 403
    assert not JobQueueEntry.objects.exists()


def test_truncating_a_field_that_nobody_maps_says_so(signed_in: SignIn, make_job: MakeJob, make_entry: MakeEntry) -> None:
    cause = make_entry(make_job(), fields=["name"]).cause
    assert "CUSTOMER has no enabled field mapping of name" in fix(signed_in("Administrator"), cause, "truncate")
    assert not JobQueueEntry.objects.exists()


def test_records_without_a_match_can_be_matched_again_or_created(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    entry = make_entry(make_job(type="Coupling"), code="no-match")
    fix(operator, entry.cause, "create")
    assert made()["match"] == Scope(bc_keys=(entry.source_key,), create_new=True)


def test_deleted_records_are_restored_all_at_once(
    operator: Client, make_job: MakeJob, make_entry: MakeEntry, make_coupling: Callable[..., Coupling]
) -> None:
    rows = [make_coupling() for _ in range(3)]
    entries = [make_entry(make_job(), code="deleted", coupling_id=row.pk) for row in rows]
    assert "3 records" in fix(operator, entries[0].cause, "restore")
    assert set(made()["restore"].bc_keys) == {row.bc_key for row in rows}
    Coupling.objects.all().delete()
    assert "these records are not coupled any more" in fix(operator, entries[0].cause, "uncouple")


def test_a_cause_of_a_deleted_mapping_offers_nothing(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    cause = make_entry(make_job(mapping=None)).cause
    assert cause is not None
    assert reverse("joblog:cause-fix", args=[cause.pk]) not in operator.get(CAUSES).content.decode()
    assert "retry does not help against this cause" in fix(operator, cause, "retry")


def test_a_reader_sees_no_button(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    cause = make_entry(make_job()).cause
    assert cause is not None
    assert "formaction" not in reader.get(CAUSES).content.decode()
    assert reader.post(reverse("joblog:cause-fix", args=[cause.pk]), {"do": "retry"}).status_code == 403
