"""One mapping's place in a full synchronization (engine.md section 17)."""

from __future__ import annotations

from django.db import models

from joblog.models.job_queue_entry import JobQueueEntry, JobQueueLogEntry, QueueStatus
from joblog.models.synch_job import SynchJob
from mappings.models import IntegrationTableMapping


class Recommendation(models.TextChoices):
    FULL = "Full Synchronization", "Full Synchronization"
    COUPLE = "Couple Records", "Couple Records"
    NONE = "No Records To Synchronize Now", "No Records To Synchronize Now"


class Requested(models.TextChoices):
    """Who starts the waves of a line that was started but whose turn has not come."""

    NO = "", "No"
    WORKERS = "workers", "Workers"
    FOREGROUND = "foreground", "Foreground"


class FullSynchronizationLine(models.Model):
    """``status`` is blank, Ready once the line has its job queue entry, then Finished or Error; :attr:`state` is what people see.

    ``held`` keeps the former status of the mapping's recurring entries, by id, while they are On Hold because of this line.
    """

    mapping = models.OneToOneField(IntegrationTableMapping, on_delete=models.CASCADE, related_name="full_synchronization_line")
    recommendation = models.CharField(max_length=40, choices=Recommendation)
    overridden = models.BooleanField(default=False, help_text="A person has recommended full synchronization.")
    requested = models.CharField(max_length=20, choices=Requested, default=Requested.NO, blank=True)
    status = models.CharField(max_length=40, choices=[("", ""), *QueueStatus.choices], default="", blank=True)
    held = models.JSONField(default=dict, blank=True)
    execution = models.ForeignKey(JobQueueLogEntry, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    to_job = models.ForeignKey(SynchJob, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    to_status = models.CharField("to Sales", max_length=20, blank=True)
    from_job = models.ForeignKey(SynchJob, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    from_status = models.CharField("from Sales", max_length=20, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    message = models.TextField(blank=True)

    class Meta:
        ordering = ["mapping__business_central", "mapping__order", "mapping__name"]

    def __str__(self) -> str:
        return self.mapping.name

    @property
    def entry(self) -> JobQueueEntry | None:
        """The line's own entry, while it has one."""
        return next(iter(self.entries.all()), None)

    @property
    def state(self) -> str:
        """The status of the line's entry, of the line itself where it has none; an entry that somebody deleted is an Error."""
        if self.entry is not None:
            return self.entry.status
        return QueueStatus.ERROR if self.status == QueueStatus.READY else self.status
