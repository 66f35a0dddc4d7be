"""Synch jobs: one run of one mapping in one direction."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from joblog.models.job_queue_entry import JobQueueLogEntry
from mappings.models import IntegrationTableMapping


class JobStatus(models.TextChoices):
    IN_PROCESS = "In Process", "In Process"
    FINISHED = "Finished", "Finished"
    ERROR = "Error", "Error"
    CANCELED = "Canceled", "Canceled"


class JobType(models.TextChoices):
    SYNCHRONIZATION = "Synchronization", "Synchronization"
    COUPLING = "Coupling", "Coupling"
    UNCOUPLING = "Uncoupling", "Uncoupling"
    FIND_DELETED = "Find for Deleted", "Find for deleted"
    STATISTICS = "Statistics", "Statistics"
    PREVIEW = "Preview", "Preview"
    FULL = "Full", "Full synchronization"


class Trigger(models.TextChoices):
    SCHEDULE = "schedule", "Schedule"
    PERSON = "person", "Person"
    CHANGE = "change", "Change"
    RETRY = "retry", "Retry"
    COMMAND = "command", "Command"


# Asked for in these words, such jobs are read from their own indexes.
FAILED = Q(failed__gt=0) | Q(status=JobStatus.ERROR)
NEEDS_ATTENTION = Q(open_issues__gt=0) | Q(status=JobStatus.ERROR, recovered_at__isnull=True)


class SynchJob(models.Model):
    """Keeps the name of its mapping, because it outlives it. The counters equal the number of its entries per action;
    ``unchanged`` and ``read`` are counted only. ``cursor`` says where a resumed run goes on (see joblog/journal.py)."""

    COUNTERS: ClassVar[tuple[str, ...]] = ("inserted", "modified", "deleted", "unchanged", "skipped", "failed", "coupled", "uncoupled")

    mapping = models.ForeignKey(IntegrationTableMapping, null=True, blank=True, on_delete=models.SET_NULL, related_name="jobs")
    mapping_name = models.CharField("integration table mapping", max_length=20)
    company = models.CharField(max_length=100, blank=True)
    mapping_version = models.PositiveIntegerField(default=1)
    log_entry = models.ForeignKey(JobQueueLogEntry, null=True, blank=True, on_delete=models.SET_NULL, related_name="jobs")
    type = models.CharField(max_length=20, choices=JobType, default=JobType.SYNCHRONIZATION)
    direction = models.CharField(max_length=20, choices=[("ToIntegrationTable", "To Sales"), ("FromIntegrationTable", "From Sales")])
    status = models.CharField(max_length=20, choices=JobStatus, default=JobStatus.IN_PROCESS)
    trigger = models.CharField(max_length=20, choices=Trigger, default=Trigger.SCHEDULE)
    user_name = models.CharField("started by", max_length=150, blank=True)
    scope = models.JSONField(default=dict)
    source_label = models.CharField(max_length=100, blank=True)
    destination_label = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    phase = models.CharField(max_length=60, blank=True)
    to_read = models.PositiveBigIntegerField(null=True, blank=True, help_text="Rows that the run expects to read, where it was asked.")
    read = models.PositiveBigIntegerField(default=0)
    inserted = models.PositiveBigIntegerField(default=0)
    modified = models.PositiveBigIntegerField(default=0)
    deleted = models.PositiveBigIntegerField(default=0)
    unchanged = models.PositiveBigIntegerField(default=0)
    skipped = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)
    coupled = models.PositiveBigIntegerField(default=0)
    uncoupled = models.PositiveBigIntegerField(default=0)
    conflicts = models.PositiveBigIntegerField(default=0, help_text="Those of the failed and skipped records that are in conflict.")
    open_issues = models.PositiveBigIntegerField(default=0, help_text="Failed records of this job that neither succeeded nor failed again.")
    recovered_at = models.DateTimeField(null=True, blank=True, help_text="When a later job of the same kind went well after this error.")
    emptied_at = models.DateTimeField(null=True, blank=True, help_text="Since when its entries are being deleted, because it is old.")
    bc_requests = models.PositiveBigIntegerField(default=0)
    sales_requests = models.PositiveBigIntegerField(default=0)
    timings = models.JSONField(default=dict, help_text="Seconds of each phase so far (joblog/stopwatch.py).")
    watermark_before = models.DateTimeField(null=True, blank=True)
    watermark_after = models.DateTimeField(null=True, blank=True)
    cursor = models.JSONField(default=dict)
    code = models.CharField(max_length=40, blank=True)
    message = models.TextField(blank=True)
    call_stack = models.TextField(blank=True)
    counted = models.BooleanField(default=False, editable=False, help_text="Is in the totals (joblog/totals.py).")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], condition=Q(counted=False, finished_at__isnull=False), name="job_to_count"),
            models.Index(fields=["-started_at", "-id"], name="job_by_start"),
            models.Index(fields=["mapping_name", "-started_at", "-id"], name="job_of_mapping"),
            models.Index(fields=["mapping_name", "direction", "-started_at", "-id"], name="job_of_direction"),
            models.Index(fields=["status", "-started_at", "-id"], name="job_by_status"),
            models.Index(fields=["type", "-started_at", "-id"], name="job_by_type"),
            models.Index(fields=["trigger", "-started_at", "-id"], name="job_by_trigger"),
            models.Index(fields=["user_name", "-started_at", "-id"], name="job_by_user"),
            models.Index(fields=["company", "-started_at", "-id"], name="job_by_company"),
            models.Index(fields=["-started_at", "-id"], condition=FAILED, name="job_failed"),
            models.Index(fields=["-started_at", "-id"], condition=NEEDS_ATTENTION, name="job_needs_attention"),
        ]

    def __str__(self) -> str:
        return f"{self.mapping_name} {self.arrow} {self.started_at:%Y-%m-%d %H:%M:%S}"

    @property
    def arrow(self) -> str:
        return "→" if self.direction == "ToIntegrationTable" else "←"

    @property
    def running(self) -> bool:
        return self.status == JobStatus.IN_PROCESS

    @property
    def written(self) -> int:
        """Records that were changed on the destination so far."""
        return self.inserted + self.modified + self.deleted

    @property
    def ends_at(self) -> datetime | None:
        """When a running job will be done if it goes on as it did; None where nobody can tell."""
        if not (self.running and self.to_read and self.read) or self.phase in ("paused", "waiting"):
            return None
        now = timezone.now()
        return now + (now - self.started_at) * (max(0, self.to_read - self.read) / self.read)

    @property
    def seconds(self) -> float | None:
        """Duration of a finished job in seconds."""
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None
