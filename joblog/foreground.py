"""Runs an entry in this process, for commands: after a run of the same mapping that is under way, and through short put-offs."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from joblog import executions
from joblog.claims import Claim, take, worker_name
from joblog.models import JobQueueEntry, QueueStatus, SynchJob
from joblog.runner import carry_out

PATIENCE = timedelta(minutes=5)
_POLL = 0.3  # seconds


def run_in_foreground(entry: JobQueueEntry, *, tell: Callable[[], None] = lambda: None) -> tuple[list[SynchJob], str]:
    """Carries out an entry that is not saved yet; its jobs, and why it did not end well ("" when it did).

    Waits for a run of the same mapping that is under way. A run that the services put off waits up to five minutes and is left to the
    workers then (commands.md section 4). ``tell`` is called after every page.
    """
    entry.maximum_attempts = 1  # the person at the terminal decides about another attempt
    claim: Claim | None = _claim_new(entry)
    execution = executions.begin(entry)
    deadline = timezone.now() + PATIENCE

    def pause() -> bool:
        tell()
        return False

    while True:
        if claim is not None:
            carry_out(claim, pause)
        left = JobQueueEntry.objects.filter(pk=entry.pk).first()
        if left is None or left.status in (QueueStatus.ERROR, QueueStatus.ON_HOLD):
            break
        if timezone.now() > deadline:
            return _jobs(execution.pk), f"{left.error_message} The job is left to the workers."
        time.sleep(_POLL)
        claim = take(entry.pk)
    return _jobs(execution.pk), _clear(left)


def _claim_new(entry: JobQueueEntry) -> Claim:
    token = str(uuid.uuid4())
    while True:
        entry.status, entry.claim_token, entry.claimed_by, entry.heartbeat_at = QueueStatus.IN_PROCESS, token, worker_name(), timezone.now()
        try:
            with transaction.atomic():
                entry.save()
        except IntegrityError:  # the mapping is running: one_run_per_mapping
            entry.pk = None
            time.sleep(_POLL)
        else:
            return Claim(entry.pk, token)


def _jobs(execution_id: int) -> list[SynchJob]:
    return list(SynchJob.objects.filter(log_entry=execution_id).order_by("id"))


def _clear(entry: JobQueueEntry | None) -> str:
    """The failed entry of a command goes: its job stays in the log, and nobody waits for it in the queue."""
    if entry is None:
        return ""
    message = entry.error_message
    entry.delete()
    return message
