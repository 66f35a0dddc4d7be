"""Synch entries: one record that a job touched. A failed one is a synch error."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from joblog.models.error_cause import ErrorCause
from joblog.models.synch_job import SynchJob
from mappings.models import LONGEST_NOTE

# Asked for in these words, issues are read from their partial indexes: nothing in them is passed as a parameter.
ISSUE = Q(issue=True)
UNRESOLVED_ISSUE = ISSUE & Q(resolved_at__isnull=True)  # whatever people think of it
OPEN_ISSUE = UNRESOLVED_ISSUE & Q(ignored_at__isnull=True)
IGNORED_ISSUE = UNRESOLVED_ISSUE & Q(ignored_at__isnull=False)
RESOLVED_ISSUE = ISSUE & Q(resolved_at__isnull=False)
_LEFT_TO_THE_OTHER_SIDE = "other-side-wins"  # a conflict that a named winner decides; no error (syncadmin/sync/decide.py)


class EntryAction(models.TextChoices):
    INSERTED = "Inserted", "Inserted"
    MODIFIED = "Modified", "Modified"
    DELETED = "Deleted", "Deleted"
    SKIPPED = "Skipped", "Skipped"
    FAILED = "Failed", "Failed"
    COUPLED = "Coupled", "Coupled"
    UNCOUPLED = "Uncoupled", "Uncoupled"
    SENDING = "Sending", "Sending"


class SynchEntry(models.Model):
    """``changes`` is a list of {"field", "label", "old", "new"} of the destination; ``fields`` names what an error concerns;
    ``detail`` holds what a person may need on top (for a conflict: each field with baseline and both values).

    A record is handled once per job, so source keys are unique in a job. ``Sending`` marks an entry whose batch was sent and not answered
    yet; ``intended`` is then what it becomes when the answer is good (engine.md A21).

    A failed one has a ``cause``. The last failed attempt of a record in one direction is its ``issue``, open until ``resolved_at``:
    ``attempts`` failed for the same cause since ``first_seen_at``. An earlier attempt is none any more, and resolved when the next failed.

    A person may take an issue (``owner``), say something about it (``note`` is what was said last) or ignore it: it is neither open nor
    resolved then. The next attempt takes all this over, but one that fails for another cause is open again (joblog/causes.py).
    """

    job = models.ForeignKey(SynchJob, on_delete=models.CASCADE, related_name="entries", db_index=False)  # entry_in_job begins with it
    action = models.CharField(max_length=10, choices=EntryAction)
    intended = models.CharField(max_length=10, blank=True)
    source_key = models.CharField(max_length=36, blank=True)
    source_label = models.CharField(max_length=250, blank=True)
    destination_key = models.CharField(max_length=36, blank=True)
    destination_label = models.CharField(max_length=250, blank=True)
    coupling_id = models.BigIntegerField(null=True, blank=True)
    changes = models.JSONField(default=list)
    code = models.CharField(max_length=40, blank=True)
    fields = models.JSONField(default=list)
    message = models.TextField(blank=True)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    cause = models.ForeignKey(ErrorCause, null=True, blank=True, on_delete=models.SET_NULL, related_name="entries", db_index=False)
    issue = models.BooleanField(default=False)
    first_seen_at = models.DateTimeField("first seen", null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )  # issue_of_owner begins with it
    note = models.CharField(max_length=LONGEST_NOTE, blank=True)
    ignored_at = models.DateTimeField("ignored", null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "synch entries"
        constraints = [models.UniqueConstraint(fields=["job", "source_key"], condition=~Q(source_key=""), name="record_once_per_job")]
        indexes = [
            models.Index(fields=["job", "-id"], name="entry_in_job"),
            models.Index(fields=["job", "action", "-id"], name="entry_of_job"),
            models.Index(fields=["source_key", "-id"], name="entry_by_source"),
            models.Index(fields=["destination_key", "-id"], name="entry_by_destination"),
            models.Index(fields=["coupling_id"], condition=UNRESOLVED_ISSUE, name="issue_unresolved_of_coupling"),
            models.Index(fields=["source_key"], condition=UNRESOLVED_ISSUE, name="issue_unresolved_of_record"),
            models.Index(fields=["job"], condition=UNRESOLVED_ISSUE, name="issue_unresolved_of_job"),
            models.Index(fields=["-id"], condition=OPEN_ISSUE, name="issue_open"),
            models.Index(fields=["action", "-id"], condition=OPEN_ISSUE, name="issue_open_of_action"),
            models.Index(fields=["-id"], condition=IGNORED_ISSUE, name="issue_ignored"),
            models.Index(fields=["-id"], condition=RESOLVED_ISSUE, name="issue_resolved"),
            models.Index(fields=["owner", "-id"], condition=Q(owner__isnull=False), name="issue_of_owner"),
            models.Index(fields=["owner", "-id"], condition=OPEN_ISSUE & Q(owner__isnull=False), name="issue_open_of_owner"),
            models.Index(fields=["-id"], condition=OPEN_ISSUE & Q(owner__isnull=True), name="issue_open_of_nobody"),
            models.Index(fields=["owner", "-id"], condition=RESOLVED_ISSUE & Q(owner__isnull=False), name="issue_resolved_of_owner"),
            models.Index(fields=["cause", "-id"], condition=OPEN_ISSUE, name="issue_open_of_cause"),
            models.Index(fields=["cause", "-id"], condition=IGNORED_ISSUE, name="issue_ignored_of_cause"),
            models.Index(fields=["cause", "-id"], condition=RESOLVED_ISSUE, name="issue_resolved_of_cause"),
            models.Index(fields=["job", "cause"], condition=Q(cause__isnull=False), name="cause_of_job"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.source_label or self.source_key}"

    @property
    def unresolved(self) -> bool:
        """Whether its record still fails, ignored or not: what people may do something about."""
        return self.issue and self.resolved_at is None

    @property
    def failure(self) -> bool:
        """Whether something went wrong here, a failure that repeated itself included."""
        failed = self.action in (EntryAction.FAILED, EntryAction.SKIPPED)
        return failed and self.code not in ("", _LEFT_TO_THE_OTHER_SIDE)


class SynchErrorManager(models.Manager["SynchError"]):
    def get_queryset(self) -> models.QuerySet[SynchError]:
        return super().get_queryset().filter(ISSUE)


class SynchError(SynchEntry):
    """What failed, one row per record and cause; a failure that repeated itself is there too, as Skipped with its code (section 11)."""

    objects: ClassVar[SynchErrorManager] = SynchErrorManager()

    class Meta:
        proxy = True
        verbose_name = "synch error"
