"""Notices leave by e-mail and webhook, and again later where that fails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from joblog.deliveries import deliver, forget_old_notices
from joblog.models import Notice, NoticeRule, Trouble
from joblog.notices import new_notice
from tests.sandbox.receiver import Receiver, listening

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def reachable(settings: Any) -> None:
    settings.EMAIL_HOST, settings.LOCAL_NOTICES, settings.PUBLIC_URL = "mail.example.com", True, "https://sync.example.com"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as running:
        yield running


def waiting(channel: str, address: str, rule: NoticeRule | None = None) -> Notice:
    notice = new_notice(
        rule, (channel, None, address), Notice.Kind.FAILURE, "CUSTOMER\nfails", "It failed once.", path="/log/?mapping=CUSTOMER"
    )
    notice.save()
    return notice


def state(notice: Notice) -> tuple[str, int, bool]:
    """Status, attempts, and whether it is tried again."""
    notice.refresh_from_db()
    return notice.status, notice.attempts, notice.retry_at is not None


def test_an_e_mail_goes_out_once(settings: Any) -> None:
    notice = waiting("email", "ada@example.com")
    assert [deliver(), deliver()] == [1, 0]
    sent = mail.outbox[0]
    assert (sent.subject, sent.to, sent.from_email) == ("[Sync Admin] CUSTOMER fails", ["ada@example.com"], settings.DEFAULT_FROM_EMAIL)
    assert "https://sync.example.com/log/?mapping=CUSTOMER" in sent.body
    assert state(notice) == ("sent", 1, False) and notice.sent_at is not None


def test_a_webhook_gets_the_notice_as_json(receiver: Receiver) -> None:
    rule = NoticeRule(channel="webhook", address=receiver.url)
    rule.secret = "s"
    rule.save()
    notice = waiting("webhook", receiver.url, rule)
    assert deliver() == 1
    body = receiver.bodies[0]
    assert (body["id"], body["kind"], body["subject"], body["url"]) == (
        notice.pk,
        "failure",
        "CUSTOMER fails",
        "https://sync.example.com/log/?mapping=CUSTOMER",
    )
    assert receiver.headers[0]["x-sync-admin-signature"].startswith("t=")
    assert state(notice) == ("sent", 1, False) and notice.result == "Answered with HTTP 200."


def test_a_receiver_that_is_away_is_tried_again_and_given_up_in_the_end(receiver: Receiver) -> None:
    receiver.statuses = [500, 503]
    notice = waiting("webhook", receiver.url)
    assert deliver() == 0
    assert state(notice) == ("waiting", 1, True) and "HTTP 500" in notice.result
    assert deliver() == 0 and len(receiver.bodies) == 1  # not before its time
    Notice.objects.update(retry_at=timezone.now(), attempts=5)
    deliver()
    assert state(notice) == ("failed", 6, False)


def test_it_arrives_when_the_receiver_is_back(receiver: Receiver) -> None:
    receiver.statuses = [500]
    notice = waiting("webhook", receiver.url)
    deliver()
    Notice.objects.update(retry_at=timezone.now())
    assert deliver() == 1 and state(notice) == ("sent", 2, False)


def test_what_cannot_be_called_is_given_up_at_once(settings: Any) -> None:
    settings.LOCAL_NOTICES = False
    notice = waiting("webhook", "http://127.0.0.1:9/")
    deliver()
    assert state(notice) == ("failed", 1, False) and "not called" in notice.result


def test_without_a_mail_server_the_reason_is_told(settings: Any) -> None:
    settings.EMAIL_HOST = ""
    notice = waiting("email", "ada@example.com")
    deliver()
    assert state(notice) == ("failed", 1, False) and "SYNCADMIN_EMAIL_HOST" in notice.result


def test_a_mail_server_that_is_away_is_tried_again(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 9, False
    notice = waiting("email", "ada@example.com")
    deliver()
    assert state(notice) == ("waiting", 1, True) and "Refused" in notice.result


def test_old_notices_are_forgotten() -> None:
    old, new = waiting("email", "a@example.com"), waiting("email", "b@example.com")
    Notice.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=91))
    long_ago = timezone.now() - timedelta(days=91)
    Trouble.objects.create(kind="runs", what="A", title="A fails", since=long_ago, seen_at=long_ago, ended_at=long_ago)
    forget_old_notices()
    assert list(Notice.objects.all()) == [new] and not Trouble.objects.exists()
