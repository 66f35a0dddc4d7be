"""The bell, one's own notices, what was sent, and who is told of what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from joblog.models import Notice, NoticeRule
from joblog.notices import new_notice
from mappings.models import ConfigurationChange

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(signed_in: Callable[[str], Client]) -> Client:
    return signed_in("Administrator")


def notify(person: User, subject: str = "CUSTOMER fails", channel: str = "product") -> Notice:
    notice = new_notice(None, (channel, person.pk, ""), Notice.Kind.FAILURE, subject, "<b>It</b> failed once.", path="/log/")
    notice.save()
    return notice


def own(client: Client) -> User:
    return User.objects.get(pk=client.session["_auth_user_id"])


def test_the_bell_counts_what_is_unread(reader: Client) -> None:
    assert "unread" not in reader.get("/notices/bell/").content.decode()
    notify(own(reader))
    notify(own(reader), channel="email")
    notify(User.objects.create_user("ada"))
    assert "1 unread notice" in reader.get("/notices/bell/").content.decode()


def test_everybody_sees_their_own_notices_alone(reader: Client) -> None:
    notify(own(reader), "mine <script>")
    notify(User.objects.create_user("ada"), "hers")
    page = reader.get("/notices/").content.decode()
    assert "mine &lt;script&gt;" in page and "hers" not in page and "&lt;b&gt;It" in page


def test_reading_marks_only_ones_own(reader: Client) -> None:
    mine, other, hers = notify(own(reader)), notify(own(reader)), notify(User.objects.create_user("ada"))
    reader.post("/notices/read/", {"notice": [mine.pk, hers.pk]})
    assert set(Notice.objects.exclude(read_at=None)) == {mine}
    reader.post("/notices/read/", {"all": "yes"})
    assert set(Notice.objects.filter(read_at=None)) == {hers}
    assert other in Notice.objects.exclude(read_at=None)
    assert reader.get("/notices/read/").status_code == 405


def test_what_was_sent_is_listed_with_its_result(reader: Client) -> None:
    notice = new_notice(None, ("webhook", None, "https://example.com/hook"), Notice.Kind.TEST, "A test of notices", "")
    notice.status, notice.result = Notice.Status.FAILED, "The receiver answered with HTTP 500."
    notice.save()
    page = reader.get("/notices/sent/?status=failed").content.decode()
    assert "https://example.com/hook" in page and "HTTP 500" in page
    assert "https://example.com/hook" not in reader.get("/notices/sent/?status=sent").content.decode()


def test_an_administrator_adds_changes_and_deletes_a_rule(administrator: Client) -> None:
    plain = {
        "channel": "webhook",
        "address": "https://example.com/hook",
        "secret": "s",
        "after_failures": 2,
        "failing_records": 5,
        "on_recovery": "on",
    }
    more = {"digest_time": "07:30", "time_zone": "Europe/Berlin", "enabled": "on"}
    answer = administrator.post("/notice-rules/new/", plain | more, follow=True)
    rule = NoticeRule.objects.get(channel="webhook")
    assert "is saved" in answer.content.decode() and (rule.after_failures, rule.secret, rule.time_zone) == (2, "s", "Europe/Berlin")
    administrator.post(f"/notice-rules/{rule.pk}/", plain | more | {"secret": "", "failing_records": 0})
    rule.refresh_from_db()
    assert (rule.failing_records, rule.secret) == (0, "s")
    administrator.post("/notice-rules/", {"do": "delete", "rule": rule.pk})
    assert not NoticeRule.objects.filter(pk=rule.pk).exists()
    changes = ConfigurationChange.objects.filter(kind="notice rule").order_by("id")
    assert [change.what for change in changes] == ["New", "Changed", "Deleted"]
    assert not any("secret" in str(change.after) for change in changes)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"channel": "product"}, "Choose a person or a role"),
        ({"channel": "email"}, "or enter an address"),
        ({"channel": "email", "address": "nobody"}, "valid email address"),
        ({"channel": "webhook", "address": "file:///etc/passwd"}, "https://example.com/hook"),
        ({"channel": "webhook", "address": "https://example.com/", "time_zone": "Mars"}, "Mars is not one of"),
    ],
)
def test_a_rule_that_reaches_nobody_is_refused(administrator: Client, values: dict[str, str], reason: str) -> None:
    plain = {"after_failures": 1, "failing_records": 1, "digest_time": "07:00", "time_zone": "UTC"}
    assert reason in administrator.post("/notice-rules/new/", plain | values).content.decode()
    assert NoticeRule.objects.count() == 1


def test_the_test_button_makes_a_notice(administrator: Client) -> None:
    rule = NoticeRule.objects.create(person=own(administrator))
    answer = administrator.post("/notice-rules/", {"do": "test", "rule": rule.pk}, follow=True)
    assert "1 test notice is on the way." in answer.content.decode()
    assert Notice.objects.get().person == own(administrator)
    assert "Nobody was reached" in administrator.post("/notice-rules/", {"do": "test"}, follow=True).content.decode()


def test_only_administrators_decide_who_is_told(operator: Client) -> None:
    assert operator.post("/notice-rules/", {"do": "test"}).status_code == 403
    assert operator.post("/notice-rules/new/").status_code == 403
    assert operator.get("/notice-rules/").status_code == 200


def test_administrators_are_told_from_the_beginning() -> None:
    rule = NoticeRule.objects.get()
    assert (rule.channel, rule.role) == ("product", Group.objects.get(name="Administrator"))


@pytest.mark.parametrize(("address", "number"), [("/notices/", 8), ("/notices/sent/", 8), ("/notice-rules/", 8)])
def test_lists_cost_the_same_for_any_number_of_rows(
    reader: Client, django_assert_num_queries: Callable[[int], Any], address: str, number: int
) -> None:
    notify(own(reader))
    reader.get(address)
    with django_assert_num_queries(number):
        reader.get(address)
    Notice.objects.bulk_create(
        Notice(person=own(reader), channel="product", kind="test", subject=str(n), created_at=timezone.now()) for n in range(20)
    )
    NoticeRule.objects.bulk_create(NoticeRule(person=own(reader)) for _ in range(5))
    with django_assert_num_queries(number):
        reader.get(address)
