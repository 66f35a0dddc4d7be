"""Sends notices by e-mail and webhook, and again later where that fails; never while a transaction is open."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.db.models import Q
from django.utils import timezone

from joblog.models import Channel, Notice, Trouble
from syncadmin.connectors.notice_posts import post_notice
from syncadmin.sync.errors import RunError, SyncError

log = logging.getLogger(__name__)

SECONDS = 5
_AT_ONCE = 10  # each may take as long as a receiver that does not answer
_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
_KEPT = timedelta(days=90)


def deliver() -> int:
    """Sends what waits for its turn; how many have arrived. One statement where nothing waits."""
    due = Q(retry_at=None) | Q(retry_at__lte=timezone.now())
    rows = list(Notice.objects.filter(due, status=Notice.Status.WAITING).select_related("rule").order_by("id")[:_AT_ONCE])
    return sum(_send(row) for row in rows)


def forget_old_notices() -> None:
    """Deletes notices, and troubles that have ended, after 90 days."""
    before = timezone.now() - _KEPT
    Notice.objects.filter(created_at__lt=before).delete()
    Trouble.objects.filter(ended_at__lt=before).delete()


def _send(row: Notice) -> bool:
    try:
        result = _mail(row) if row.channel == Channel.EMAIL else _post(row)
    except RunError as error:
        return _failed(row, error.text, again=False)
    except (SyncError, SMTPException, OSError, ImproperlyConfigured) as error:
        return _failed(row, error.text if isinstance(error, SyncError) else f"{type(error).__name__}: {error}", again=True)
    now = timezone.now()
    Notice.objects.filter(pk=row.pk).update(status=Notice.Status.SENT, sent_at=now, attempts=row.attempts + 1, result=result, retry_at=None)
    return True


def _mail(row: Notice) -> str:
    """Raises RunError where no mail server is set."""
    if not settings.EMAIL_HOST:
        raise RunError("no-mail-server", "No mail server is set: SYNCADMIN_EMAIL_HOST.")
    address = f"\n\n{settings.PUBLIC_URL}{row.path}" if settings.PUBLIC_URL and row.path else ""
    EmailMessage(f"[Sync Admin] {row.subject}", f"{row.text}{address}\n", to=[row.address]).send()
    return f"Accepted by {settings.EMAIL_HOST}."


def _post(row: Notice) -> str:
    """Raises RunError for an address that may not be called, SyncError where the receiver does not take it."""
    document = {
        "id": row.pk, "kind": row.kind, "subject": row.subject, "text": row.text, "mapping": row.mapping_name,
        "url": f"{settings.PUBLIC_URL}{row.path}" if settings.PUBLIC_URL else "", "at": f"{row.created_at:%Y-%m-%dT%H:%M:%SZ}",
    }  # fmt: skip
    secret = row.rule.secret if row.rule else ""
    status = post_notice(row.address, json.dumps(document).encode(), secret=secret, local=settings.LOCAL_NOTICES)
    return f"Answered with HTTP {status}."


def _failed(row: Notice, text: str, *, again: bool) -> bool:
    left = again and row.attempts < len(_PAUSES)
    retry = timezone.now() + _PAUSES[row.attempts] if left else None
    status = Notice.Status.WAITING if left else Notice.Status.FAILED
    Notice.objects.filter(pk=row.pk).update(status=status, retry_at=retry, attempts=row.attempts + 1, result=text)
    log.warning("notice %s to %s was not sent%s: %s", row.pk, row.address, " yet" if left else "", text)
    return False
