"""Troubles become notices, recoveries too, each once for each who wants to know (engine.md section 23)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from joblog.causes import keep_issues
from joblog.digests import digest, send_digests
from joblog.issue_states import ignore, reopen
from joblog.models import (
    JobQueueEntry,
    JobQueueLogEntry,
    Notice,
    NoticeRule,
    QueueStatus,
    RunKind,
    SynchEntry,
    SynchError,
    Trouble,
)
from joblog.notices import recipients, send_test, tell_of_troubles
from mappings.models import IntegrationTableMapping
from tests.joblog.conftest import MakeEntry, MakeJob
from tests.joblog.test_wake_up import make_entry


@pytest.fixture(autouse=True)
def installation(db: None, settings: Any) -> None:
    """With a mail server. The rule that every installation begins with is in the way here."""
    settings.EMAIL_HOST = "mail.example.com"
    NoticeRule.objects.all().delete()


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada", email="ada@example.com")


@pytest.fixture
def failing(mapping: IntegrationTableMapping) -> JobQueueEntry:
    """The entry of CUSTOMER has failed once and will be tried again."""
    return make_entry(mapping, QueueStatus.READY, attempts=1, error_message="Sales does not accept the sign-in.")


def told() -> list[tuple[str, str, str]]:
    """Kind, recipient and subject of all notices, in the order they were made."""
    rows = Notice.objects.select_related("person").order_by("id")
    return [(row.kind, row.address or str(row.person), row.subject) for row in rows]


def run_well(entry: JobQueueEntry) -> None:
    JobQueueEntry.objects.filter(pk=entry.pk).update(status=QueueStatus.READY, attempts=0, error_message="")
    now = timezone.now()
    JobQueueLogEntry.objects.create(
        entry=entry, description=entry.description, run_kind=RunKind.SYNCHRONIZE, status="Success", started_at=now, ended_at=now
    )


def test_the_first_failure_is_told_once_and_the_recovery_once(failing: JobQueueEntry, ada: User) -> None:
    NoticeRule.objects.create(person=ada)
    assert [tell_of_troubles(), tell_of_troubles()] == [1, 0]
    JobQueueEntry.objects.update(attempts=5)
    assert tell_of_troubles() == 0
    run_well(failing)
    assert [tell_of_troubles(), tell_of_troubles()] == [1, 0]
    assert told() == [("failure", "ada", "CUSTOMER fails"), ("recovery", "ada", "Recovered: CUSTOMER runs again")]
    notice = Notice.objects.earliest("id")
    assert "sign-in" in notice.text and notice.path.endswith("?mapping=CUSTOMER") and notice.status == Notice.Status.SENT


def test_a_second_failure_after_a_recovery_is_told_again(failing: JobQueueEntry, ada: User) -> None:
    NoticeRule.objects.create(person=ada)
    tell_of_troubles()
    run_well(failing)
    tell_of_troubles()
    JobQueueEntry.objects.update(attempts=1, error_message="again")
    tell_of_troubles()
    assert [kind for kind, _, _ in told()] == ["failure", "recovery", "failure"]


def test_a_restart_by_a_person_is_no_recovery_yet(failing: JobQueueEntry, ada: User) -> None:
    NoticeRule.objects.create(person=ada)
    tell_of_troubles()
    JobQueueEntry.objects.update(attempts=0, error_message="")
    assert tell_of_troubles() == 0 and Trouble.objects.get().ended_at is None
    run_well(failing)
    assert tell_of_troubles() == 1


def test_an_entry_that_is_deleted_ends_its_trouble_without_a_word(failing: JobQueueEntry, ada: User) -> None:
    NoticeRule.objects.create(person=ada)
    tell_of_troubles()
    failing.delete()
    assert tell_of_troubles() == 0
    assert (Trouble.objects.get().ended_at is not None, len(told())) == (True, 1)


@pytest.mark.parametrize(
    ("threshold", "attempts", "status", "number"), [(3, 2, "Ready", 0), (3, 3, "Ready", 1), (3, 0, "Error", 1), (0, 9, "Error", 0)]
)
def test_who_waits_for_several_failures_is_told_then_or_at_the_end(
    failing: JobQueueEntry, ada: User, threshold: int, attempts: int, status: str, number: int
) -> None:
    NoticeRule.objects.create(person=ada, after_failures=threshold)
    JobQueueEntry.objects.update(attempts=attempts, status=status)
    assert tell_of_troubles() == number


def test_open_errors_are_told_until_none_is_left(make_job: MakeJob, make_entry: MakeEntry, ada: User) -> None:
    NoticeRule.objects.create(person=ada, failing_records=2)
    job = make_job()
    first = make_entry(job)
    assert tell_of_troubles() == 0
    second = make_entry(job, "Skipped", code="required", message="Name must have a value.")
    assert tell_of_troubles() == 1
    close_issues_of(first)
    assert tell_of_troubles() == 0
    close_issues_of(second)
    tell_of_troubles()
    assert told() == [("failure", "ada", "2 open errors of CUSTOMER"), ("recovery", "ada", "Recovered: CUSTOMER has no open errors")]
    assert Notice.objects.earliest("id").text.startswith("1 × Name has 120 characters.\n1 × Name must have a value.\n\n")


def close_issues_of(entry: SynchEntry) -> None:
    with transaction.atomic():
        keep_issues(entry.job, [], well=[entry.source_key])


def test_ignored_errors_are_told_to_nobody_until_they_come_back(make_job: MakeJob, make_entry: MakeEntry, ada: User) -> None:
    NoticeRule.objects.create(person=ada)
    error = make_entry(make_job())
    issues = SynchError.objects.filter(pk=error.pk)
    ignore(issues, "Known", by="ada")
    assert tell_of_troubles() == 0 and not Trouble.objects.exists()
    reopen(issues, by="ada")
    assert tell_of_troubles() == 1
    ignore(issues, "Known", by="ada")
    tell_of_troubles()
    assert Trouble.objects.get().ended_at is not None


def test_the_number_of_a_notice_opens_exactly_these_errors(
    make_mapping: Callable[..., Any], make_job: MakeJob, make_entry: MakeEntry, ada: User, reader: Client
) -> None:
    """Those of statistics, and those from before the mapping had this name, are among them; what is ignored, and others', is not."""
    NoticeRule.objects.create(person=ada)
    statistics, renamed = make_job(mapping_name="CUSTOMER STATISTICS", type="Statistics"), make_job(mapping_name="OLD")
    wanted = {make_entry(job).pk for job in (make_job(), statistics, renamed)}
    ignored = make_entry(make_job())
    ignore(SynchError.objects.filter(pk=ignored.pk), "Known", by="ada")
    make_entry(make_job(mapping=make_mapping("ITEM-PRODUCT")))
    tell_of_troubles()
    notice = Notice.objects.get(mapping_name="CUSTOMER")
    page = reader.get(notice.path)
    assert notice.subject == "3 open errors of CUSTOMER"
    assert {row.record.pk for row in page.context["table"].page.object_list} == wanted
    assert "Only those of CUSTOMER" in page.content.decode()


def test_many_failing_mappings_cost_as_much_as_one(
    make_mapping: Callable[..., Any], make_job: MakeJob, make_entry: MakeEntry, ada: User
) -> None:
    NoticeRule.objects.create(person=ada)
    numbers = []
    for many in (1, 9):
        for number in range(many):
            mapping = make_mapping(f"M{many}{number}")
            for code in ("too-long", "required", "conflict", "refused"):
                make_entry(make_job(mapping=mapping), code=code)
        with CaptureQueriesContext(connection) as asked:
            assert tell_of_troubles() == many
        numbers.append(len(asked))
    assert numbers[1] <= numbers[0]
    assert "1 more cause." in Notice.objects.latest("id").text


def test_a_rule_is_about_its_mapping_alone(failing: JobQueueEntry, ada: User, make_mapping: Callable[..., Any]) -> None:
    items = make_mapping("ITEM-PRODUCT")
    NoticeRule.objects.create(person=ada, mapping=items)
    NoticeRule.objects.create(person=ada, enabled=False)
    assert tell_of_troubles() == 0
    make_entry(items, QueueStatus.ERROR)
    assert tell_of_troubles() == 1
    assert Notice.objects.get().mapping_name == "ITEM-PRODUCT"


@pytest.mark.rule("21.1.error", "21.4.owner")
def test_the_owner_is_told_in_the_product_and_by_mail(failing: JobQueueEntry, ada: User) -> None:
    JobQueueEntry.objects.update(user=ada)
    tell_of_troubles()
    run_well(failing)
    tell_of_troubles()
    assert [(kind, to) for kind, to, _ in told()] == [
        ("failure", "ada"), ("failure", "ada@example.com"), ("recovery", "ada"), ("recovery", "ada@example.com"),
    ]  # fmt: skip


def test_nobody_is_told_twice_in_the_same_way(failing: JobQueueEntry, ada: User) -> None:
    role = Group.objects.get(name="Operator")
    ada.groups.add(role)
    for values in (
        {"person": ada},
        {"role": role},
        {"person": ada, "channel": "email"},
        {"channel": "email", "address": "ops@example.com"},
    ):
        NoticeRule.objects.create(**values)
    JobQueueEntry.objects.update(user=ada)
    assert tell_of_troubles() == 3
    assert sorted(to for _, to, _ in told()) == ["ada", "ada@example.com", "ops@example.com"]


def test_a_rule_may_keep_recoveries_to_itself(failing: JobQueueEntry, ada: User) -> None:
    NoticeRule.objects.create(person=ada, on_recovery=False)
    tell_of_troubles()
    run_well(failing)
    assert tell_of_troubles() == 0


def test_people_who_left_and_people_without_address_get_nothing(ada: User) -> None:
    role = Group.objects.get(name="Operator")
    User.objects.create_user("bob").groups.add(role)
    User.objects.create_user("eve", email="eve@example.com", is_active=False).groups.add(role)
    ada.groups.add(role)
    assert recipients(NoticeRule(role=role, channel="email")) == [("email", ada.pk, "ada@example.com")]
    assert len(recipients(NoticeRule(role=role, channel="product"))) == 2
    assert recipients(NoticeRule(channel="webhook", address="https://example.com/", role=role)) == [
        ("webhook", None, "https://example.com/")
    ]


def test_what_a_command_runs_is_told_to_nobody(failing: JobQueueEntry, ada: User) -> None:
    NoticeRule.objects.create(person=ada)
    JobQueueEntry.objects.update(trigger="command", status=QueueStatus.ERROR)
    assert tell_of_troubles() == 0


def test_a_test_reaches_everybody_of_the_rule(ada: User) -> None:
    rule = NoticeRule.objects.create(person=ada, channel="email")
    assert send_test(rule) == 1
    assert told() == [("test", "ada@example.com", "A test of notices")]


def test_the_digest_comes_once_a_day_at_its_hour(ada: User, make_job: MakeJob) -> None:
    now = timezone.now()
    rule = NoticeRule.objects.create(person=ada, daily_digest=True, digest_time=(now - timedelta(minutes=5)).time())
    if now.time() < time(0, 5):
        rule.digest_time = time(0, 0)
        rule.save()
    assert [send_digests(), send_digests()] == [1, 0]
    NoticeRule.objects.update(digest_on=now.date() - timedelta(days=1), digest_time=time(23, 59, 59))
    assert send_digests() == 0 or now.time() >= time(23, 59)


def test_the_digest_says_what_ran_and_what_is_wrong(failing: JobQueueEntry, make_job: MakeJob, ada: User) -> None:
    make_job(inserted=2, modified=1, failed=1)
    make_job(status="Error")
    make_job(days=2, inserted=50)
    tell_of_troubles()
    subject, text = digest(NoticeRule(person=ada), datetime.now(UTC))
    assert subject.endswith("1 troubles")
    assert "2 jobs ran in the last 24 hours, 1 ended in error. Records: 2 inserted, 1 modified, 0 deleted, 1 failed, 0 skipped." in text
    assert "- CUSTOMER fails (since" in text
    run_well(failing)
    tell_of_troubles()
    assert digest(NoticeRule(person=ada), datetime.now(UTC))[0].endswith("all is well")


def test_without_a_mail_server_owners_are_told_in_the_product_alone(failing: JobQueueEntry, ada: User, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    JobQueueEntry.objects.update(user=ada)
    tell_of_troubles()
    assert [to for _, to, _ in told()] == ["ada"]


def test_many_troubles_cost_as_much_as_one(
    make_mapping: Callable[..., Any], ada: User, django_assert_num_queries: Callable[[int], Any]
) -> None:
    NoticeRule.objects.create(role=Group.objects.get(name="Operator"))
    for number in range(2):
        make_entry(make_mapping(f"M{number}"), QueueStatus.ERROR, user=ada)
    tell_of_troubles()
    for number in range(2, 9):
        make_entry(make_mapping(f"M{number}"), QueueStatus.ERROR, user=ada)
    with django_assert_num_queries(11):
        assert tell_of_troubles() == 14


def test_nothing_wrong_costs_three_statements(mapping: IntegrationTableMapping, django_assert_num_queries: Callable[[int], Any]) -> None:
    make_entry(mapping)
    with django_assert_num_queries(5):  # three, and a savepoint of the test
        tell_of_troubles()
