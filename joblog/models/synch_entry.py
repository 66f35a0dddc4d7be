"""Synch entries: one record that a job touched. A failed one is a synch error."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from joblog.models.synch_job import SynchJob

# Only failures have a code. Asked for in these words, open ones are read from their partial indexes; SQLite would not recognize a list of
# actions, because Django passes it as parameters.
OPEN_ERROR = Q(resolved_at__isnull=True) & ~Q(code="")
LEFT_TO_THE_OTHER_SIDE = "other-side-wins"  # a conflict that a named winner decides; no error (syncadmin/sync/decide.py)


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
    """

    job = models.ForeignKey(SynchJob, on_delete=models.CASCADE, related_name="entries")
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

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "synch entries"
        constraints = [models.UniqueConstraint(fields=["job", "source_key"], condition=~Q(source_key=""), name="record_once_per_job")]
        indexes = [
            models.Index(fields=["job", "action", "id"], name="entry_of_job"),
            models.Index(fields=["source_key", "-id"], name="entry_by_source"),
            models.Index(fields=["destination_key", "-id"], name="entry_by_destination"),
            models.Index(fields=["coupling_id"], condition=OPEN_ERROR, name="entry_open_of_coupling"),
            models.Index(fields=["-id"], condition=OPEN_ERROR, name="entry_open_errors"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.source_label or self.source_key}"


class SynchErrorManager(models.Manager["SynchError"]):
    def get_queryset(self) -> models.QuerySet[SynchError]:
        failed = Q(action__in=[EntryAction.FAILED, EntryAction.SKIPPED]) & ~Q(code="")
        return super().get_queryset().filter(failed).exclude(code=LEFT_TO_THE_OTHER_SIDE)


class SynchError(SynchEntry):
    """The failed part of the entries; a failure that repeated itself is there too, as Skipped with its code (engine.md section 11)."""

    objects: ClassVar[SynchErrorManager] = SynchErrorManager()

    class Meta:
        proxy = True
        verbose_name = "synch error"
