"""What people do about errors beside mending them: assign, note, hold, ignore, reopen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from joblog.causes import keep_issues
from joblog.error_classes import CLASS_OF
from joblog.models import ErrorCause, IssueRemark, SynchEntry, SynchError, SynchJob
from joblog.remedies import REMEDIES
from joblog.retention import enqueue, retention_entry
from joblog.runner import run
from mappings.models import Coupling
from tests.joblog.conftest import MakeEntry, MakeJob

ERRORS, HANDLE = "/errors/", "/errors/handle/"
MakeCoupling = Callable[..., Coupling]


def shown(client: Client, query: str = "") -> list[int]:
    return [row.record.pk for row in client.get(f"{ERRORS}{query}").context["table"].page.object_list]


def handle(client: Client, do: str, *errors: SynchEntry, **asked: Any) -> str:
    """Presses the button for these errors; what the page says then."""
    asked = {"do": do, "entry": [one.pk for one in errors], "next": ERRORS} | asked
    return " ".join(str(one) for one in client.post(HANDLE, asked, follow=True).context["messages"])


def fails_again(make_job: MakeJob, before: SynchEntry, **values: Any) -> SynchEntry:
    job = make_job()
    again = SynchEntry(job=job, action="Failed", source_key=before.source_key, code=before.code, message=before.message, at=before.at)
    for name, value in values.items():
        setattr(again, name, value)
    with transaction.atomic():
        keep_issues(job, [again])
        again.save()
    return again


def open_numbers() -> tuple[int, int, int]:
    """(open, ignored) of all causes, and what jobs count as open."""
    causes, jobs = ErrorCause.objects.all(), SynchJob.objects.all()
    return sum(one.records for one in causes), sum(one.ignored for one in causes), sum(one.open_issues for one in jobs)


def test_errors_are_assigned_to_who_asks_to_others_and_to_nobody(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    mine, other = make_entry(make_job()), make_entry(make_job())
    me = User.objects.get(username="operator@example.com")
    said = handle(operator, "assign", mine, person=me.pk)
    assert "1 error is now assigned to operator@example.com." in said and "before" not in said
    assert handle(operator, "assign", mine, person=me.pk) == "1 error was so before."
    assert shown(operator, "?owner=me") == [mine.pk]
    assert shown(operator, "?owner=nobody") == [other.pk]
    assert "nobody's" in handle(operator, "assign", mine, person="")
    assert shown(operator, "?owner=me") == []


def test_a_reader_owns_no_error(operator: Client, reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    error, person = make_entry(make_job()), User.objects.get(username="reader@example.com")
    assert "Nothing was changed." in handle(operator, "assign", error, person=person.pk)
    assert SynchError.objects.get().owner is None


def test_a_note_is_found_by_search_and_stands_in_the_history(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    error, _ = make_entry(make_job()), make_entry(make_job())
    handle(operator, "note", error, text="Waits for <Anna>")
    assert shown(operator, "?search=anna") == [error.pk]
    page = operator.get(f"{ERRORS}{error.pk}/").content.decode()
    assert "“Waits for &lt;Anna&gt;”" in page and "by operator@example.com" in page
    assert "Write something down." in handle(operator, "note", error)


def test_an_ignored_error_is_neither_open_nor_resolved_and_no_number_counts_it(
    operator: Client, make_job: MakeJob, make_entry: MakeEntry
) -> None:
    ignored, other = make_entry(make_job()), make_entry(make_job())
    assert open_numbers() == (2, 0, 2)
    handle(operator, "ignore", ignored, text="Comes from a test company")
    assert (shown(operator), shown(operator, "?state=ignored"), shown(operator, "?state=resolved")) == ([other.pk], [ignored.pk], [])
    assert open_numbers() == (1, 1, 1)
    handle(operator, "reopen", ignored)
    assert shown(operator) == [other.pk, ignored.pk] and open_numbers() == (2, 0, 2)


def test_nothing_is_ignored_without_a_reason(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    assert "Write down the reason" in handle(operator, "ignore", make_entry(make_job()), text=" ")
    assert open_numbers() == (1, 0, 1) and not IssueRemark.objects.exists()


def test_the_next_attempt_goes_on_ignored_only_if_it_fails_for_the_same_cause(
    operator: Client, make_job: MakeJob, make_entry: MakeEntry
) -> None:
    error = make_entry(make_job())
    handle(operator, "assign", error, person=User.objects.get(username="operator@example.com").pk)
    handle(operator, "ignore", error, text="Known")
    again = fails_again(make_job, error)
    assert shown(operator, "?state=ignored&owner=me") == [again.pk] and again.note == "Known"
    assert open_numbers() == (0, 1, 0)
    other = fails_again(make_job, again, code="required")
    assert shown(operator, "?owner=me") == [other.pk] and shown(operator, "?state=ignored") == []
    assert open_numbers() == (1, 0, 1)
    assert "Known" in operator.get(f"{ERRORS}{other.pk}/").content.decode()


def test_an_ignored_error_is_resolved_when_its_record_goes_well(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    error = make_entry(make_job())
    handle(operator, "ignore", error, text="Known")
    with transaction.atomic():
        keep_issues(make_job(), [], well=[error.source_key])
    assert shown(operator, "?state=resolved") == [error.pk] and open_numbers() == (0, 0, 0)


def test_held_records_wait_until_somebody_retries_them(
    operator: Client, make_job: MakeJob, make_entry: MakeEntry, make_coupling: MakeCoupling
) -> None:
    coupling = make_coupling()
    coupled, uncoupled = make_entry(make_job(), coupling_id=coupling.pk), make_entry(make_job())
    said = handle(operator, "hold", coupled, uncoupled, text="After the audit")
    assert "1 error is on hold" in said and "1 record has no coupling and cannot be held" in said
    coupling.refresh_from_db()
    assert coupling.skipped and shown(operator) == [uncoupled.pk, coupled.pk]
    operator.post("/errors/retry/", {"entry": coupled.pk})
    coupling.refresh_from_db()
    assert not coupling.skipped


def test_all_that_the_list_shows_is_handled_and_nothing_else(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    for _ in range(3):
        make_entry(make_job())
    other = make_entry(make_job(), code="required")
    handle(operator, "ignore", all="1", next=f"{ERRORS}?code=too-long&per_page=25", text="Known")
    assert shown(operator) == [other.pk] and open_numbers() == (1, 3, 1)


def test_all_records_of_a_cause_are_ignored_at_once(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    first, _ = make_entry(make_job()), make_entry(make_job())
    other = make_entry(make_job(), code="required")
    handle(operator, "ignore", cause=first.cause_id, text="Known", next="/causes/")
    assert shown(operator) == [other.pk]


@pytest.mark.parametrize("do", ["assign", "note", "hold", "ignore"])
def test_statements_do_not_grow_with_the_errors(
    operator: Client, make_job: MakeJob, make_entry: MakeEntry, make_coupling: MakeCoupling, do: str
) -> None:
    job, numbers = make_job(), []
    for many in (3, 30):
        errors = [make_entry(job, coupling_id=make_coupling().pk) for _ in range(many)]
        with CaptureQueriesContext(
            connection,
        ) as asked:
            me = User.objects.get(username="operator@example.com").pk
            operator.post(HANDLE, {"do": do, "entry": [one.pk for one in errors], "person": me, "text": "Known", "next": ERRORS})
        numbers.append(len(asked))
    assert numbers[0] == numbers[1] and IssueRemark.objects.count() == 33


def test_readers_handle_nothing(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    error = make_entry(make_job())
    assert reader.post(HANDLE, {"do": "ignore", "entry": error.pk, "text": "Known"}).status_code == 403
    assert "handle-ignore" not in reader.get(ERRORS).content.decode()
    assert open_numbers() == (1, 0, 1)


def test_every_code_with_a_remedy_has_a_class() -> None:
    assert set(REMEDIES) - set(CLASS_OF) == set()


def test_errors_are_found_by_class(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    value, conflict = make_entry(make_job()), make_entry(make_job(), code="conflict")
    assert shown(operator, "?kind=value") == [value.pk]
    assert shown(operator, "?kind=conflict") == [conflict.pk]


@pytest.mark.parametrize("page", [ERRORS, "/causes/"])
def test_the_class_stands_in_what_is_exported(operator: Client, make_job: MakeJob, make_entry: MakeEntry, page: str) -> None:
    make_entry(make_job(), code="conflict")
    answer = operator.get(page, {"export": "csv", "cols": "kind,code"})
    heads, row = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert dict(zip(heads.split(","), row.split(","), strict=False))["Class"] == "Conflict"


def test_the_page_of_an_error_handles_that_one(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    error, other = make_entry(make_job()), make_entry(make_job())
    page = operator.get(f"{ERRORS}{error.pk}/").content.decode()
    assert f'<input type="hidden" name="only" value="{error.pk}"' in page and 'data-asks="handle-ignore"' in page
    handle(operator, "ignore", only=error.pk, text="Known")
    assert shown(operator) == [other.pk]


def test_remarks_go_when_no_entry_of_their_record_is_left(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    old, kept = make_entry(make_job(days=8)), make_entry(make_job())
    handle(operator, "note", old, kept, text="Known")
    entry = retention_entry(older_than=7)
    enqueue(entry)
    run(entry.pk)
    assert [one.entry_number for one in IssueRemark.objects.all()] == [kept.pk]
