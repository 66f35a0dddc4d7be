"""Who is told of what: troubles and recoveries become notices, one per recipient and channel, once (engine.md section 23)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from joblog.addresses import errors_of_url, log_url
from joblog.models import Channel, JobQueueEntry, Notice, NoticeRule, Trouble
from joblog.troubles import look_for_troubles

SECONDS = 10
_Recipient = tuple[str, int | None, str]  # channel, person, address


def tell_of_troubles() -> int:
    """Makes the notices that are due because of what is wrong now, or is not any more; how many. Sends nothing."""
    with transaction.atomic():
        troubles = look_for_troubles()
        if not troubles:
            return 0
        interest = _Interest(troubles)
        fresh: dict[tuple[int, str, _Recipient], Notice] = {}
        for trouble in troubles:
            kind = Notice.Kind.RECOVERY if trouble.recovered else Notice.Kind.FAILURE
            for rule, recipient in interest.in_trouble(trouble):
                if recipient not in interest.told.get((trouble.pk, kind), {}):
                    fresh.setdefault((trouble.pk, kind, recipient), _notice(trouble, kind, rule, recipient))
        Notice.objects.bulk_create(fresh.values())
    return len(fresh)


def send_test(rule: NoticeRule) -> int:
    """Makes notices to all recipients of a rule that show whether they arrive; how many."""
    text = f"This is a test of Sync Admin. Notices {_about(rule)} arrive here."
    path = reverse("joblog:notice-rules")
    rows = [new_notice(rule, one, Notice.Kind.TEST, "A test of notices", text, path=path) for one in recipients(rule)]
    Notice.objects.bulk_create(rows)
    return len(rows)


def recipients(rule: NoticeRule) -> list[_Recipient]:
    """Where a rule's notices go. People without an e-mail address get no e-mail."""
    if rule.channel == Channel.WEBHOOK or (rule.channel == Channel.EMAIL and rule.address):
        return [(rule.channel, None, rule.address)]
    people: list[Any] = [rule.person] if rule.person else []
    if rule.role_id:
        people = list(get_user_model().objects.filter(groups=rule.role_id, is_active=True).order_by("pk"))
    if rule.channel == Channel.PRODUCT:
        return [(rule.channel, person.pk, "") for person in people if person.is_active]
    return [(rule.channel, person.pk, person.email) for person in people if person.is_active and person.email]


def new_notice(
    rule: NoticeRule | None, recipient: _Recipient, kind: Notice.Kind, subject: str, text: str, *, path: str = "", **values: Any
) -> Notice:
    """Not saved yet. In the product it has arrived with that; everything else is sent by joblog/deliveries.py."""
    channel, person, address = recipient
    now = timezone.now()
    arrived = {"status": Notice.Status.SENT, "sent_at": now} if channel == Channel.PRODUCT else {}
    return Notice(
        rule=rule, channel=channel, person_id=person, address=address, kind=kind, subject=" ".join(subject.split())[:250], text=text,
        path=path, created_at=now, **arrived, **values,
    )  # fmt: skip


class _Interest:
    """Who is to know of these troubles: read once for all of them."""

    def __init__(self, troubles: Sequence[Trouble]) -> None:
        rows = NoticeRule.objects.filter(enabled=True).select_related("person", "mapping")
        self.rules = {rule.pk: rule for rule in rows}
        self.reached = {rule.pk: recipients(rule) for rule in rows}
        self.owners = _owners(troubles)
        self.told = _told(troubles)

    def in_trouble(self, trouble: Trouble) -> Iterator[tuple[NoticeRule | None, _Recipient]]:
        """Because of which rule, and how. Of a recovery know those who were told of the failure, unless their rule says otherwise."""
        if trouble.recovered:
            yield from self._in_recovery(self.told.get((trouble.pk, Notice.Kind.FAILURE), {}))
            return
        for rule in self.rules.values():
            if rule.mapping_id in (None, trouble.mapping_id) and _reaches(rule, trouble):
                yield from ((rule, recipient) for recipient in self.reached[rule.pk])
        for owner in self.owners.get(trouble.pk, ()):
            yield None, (Channel.PRODUCT, owner.pk, "")
            if owner.email and settings.EMAIL_HOST:
                yield None, (Channel.EMAIL, owner.pk, owner.email)

    def _in_recovery(self, told: Mapping[_Recipient, int | None]) -> Iterator[tuple[NoticeRule | None, _Recipient]]:
        for recipient, number in told.items():
            rule = self.rules.get(number or 0)
            if number is None or (rule is not None and rule.on_recovery):
                yield rule, recipient


def _told(troubles: Iterable[Trouble]) -> dict[tuple[int, str], dict[_Recipient, int | None]]:
    """By trouble and kind: who was told already, and because of which rule."""
    found: dict[tuple[int, str], dict[_Recipient, int | None]] = {}
    rows = Notice.objects.filter(trouble__in=[trouble.pk for trouble in troubles]).order_by("id")
    for trouble, kind, channel, person, address, rule in rows.values_list("trouble", "kind", "channel", "person", "address", "rule"):
        found.setdefault((trouble, kind), {})[channel, person, address] = rule
    return found


def _owners(troubles: Sequence[Trouble]) -> dict[int, list[Any]]:
    """By trouble: whose entry fails; of failing records the owners of the mapping's schedule."""
    runs = {trouble.entry_number: trouble.pk for trouble in troubles if trouble.kind == Trouble.Kind.RUNS}
    records = {trouble.mapping_id: trouble.pk for trouble in troubles if trouble.kind == Trouble.Kind.RECORDS}
    concerned = Q(pk__in=runs) | Q(mapping__in=records, recurring=True)
    found: dict[int, dict[int, Any]] = {}
    for entry in JobQueueEntry.objects.filter(concerned, user__is_active=True).select_related("user"):
        for number in (runs.get(entry.pk), records.get(entry.mapping_id) if entry.recurring else None):
            if number is not None and entry.user is not None:
                found.setdefault(number, {})[entry.user.pk] = entry.user
    return {number: list(people.values()) for number, people in found.items()}


def _reaches(rule: NoticeRule, trouble: Trouble) -> bool:
    """Whether the trouble is as large as the rule wants it; an entry that is not tried again is always large enough."""
    if trouble.kind == Trouble.Kind.RECORDS:
        return 0 < rule.failing_records <= trouble.count
    return rule.after_failures > 0 and (trouble.final or trouble.count >= rule.after_failures)


def _notice(trouble: Trouble, kind: Notice.Kind, rule: NoticeRule | None, recipient: _Recipient) -> Notice:
    name = trouble.mapping.name if trouble.mapping else ""
    if kind == Notice.Kind.RECOVERY:
        subject, text = f"Recovered: {_subject_of(trouble)}", f"It was wrong since {trouble.since:%Y-%m-%d %H:%M} UTC."
    else:
        subject, text = trouble.title, _told_text(trouble)
    path = errors_of_url(trouble.mapping_id) if trouble.kind == Trouble.Kind.RECORDS else log_url(name)
    return new_notice(rule, recipient, kind, subject, text, path=path, trouble=trouble, mapping_name=name)


def _subject_of(trouble: Trouble) -> str:
    if trouble.kind == Trouble.Kind.RUNS:
        return f"{trouble.what} runs again"
    return f"{trouble.what} has no open errors"


def _told_text(trouble: Trouble) -> str:
    if trouble.kind == Trouble.Kind.RECORDS:
        return f"{trouble.message}\n\nOpen the errors to see which, and what to do."
    times = "once" if trouble.count == 1 else f"{trouble.count} times in a row"
    after = "It is not tried again until somebody restarts it." if trouble.final else "It will be tried again by itself."
    return f"{trouble.message}\n\nIt failed {times}. {after}"


def _about(rule: NoticeRule) -> str:
    return f"about {rule.mapping.name}" if rule.mapping else "about all mappings"
