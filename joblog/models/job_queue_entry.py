"""Job queue entries: scheduled or queued work, and the log of its executions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from joblog.models.worker import Worker
from mappings.models import IntegrationTableMapping


class QueueStatus(models.TextChoices):
    READY = "Ready", "Ready"
    IN_PROCESS = "In Process", "In Process"
    ERROR = "Error", "Error"
    ON_HOLD = "On Hold", "On Hold"
    FINISHED = "Finished", "Finished"
    INACTIVE = "On Hold with Inactivity Timeout", "On Hold with Inactivity Timeout"
    WAITING = "Waiting", "Waiting"


class RunKind(models.TextChoices):
    """What an entry runs."""

    SYNCHRONIZE = "synchronize", "Synchronize"
    PREVIEW = "preview", "Preview"
    COUPLE = "couple", "Couple records"
    UNCOUPLE = "uncouple", "Uncouple records"
    MATCH = "match", "Match-based coupling"
    FIND_DELETED = "find_deleted", "Find for deleted"
    RESTORE = "restore", "Restore records"
    DELETE = "delete", "Delete records"
    STATISTICS = "statistics", "Customer statistics"
    RETENTION = "retention", "Delete old log entries"


class Stop(models.TextChoices):
    """What a person asked of an entry that runs; done at its next page."""

    CANCEL = "cancel", "Cancel"
    HOLD = "hold", "Set On Hold"


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class JobQueueEntry(models.Model):
    """Work to do: once, or again and again (engine.md section 21).

    ``parameters`` is the scope of the run as :class:`joblog.scope.Scope` writes it. A claim is a token and a heartbeat; the database allows
    one claimed run per mapping at a time, previews aside, and one per category. What people do to entries is in joblog/entry_states.py,
    how a run ends in joblog/executions.py.
    """

    description = models.CharField(max_length=250)
    run_kind = models.CharField("object to run", max_length=20, choices=RunKind, default=RunKind.SYNCHRONIZE)
    mapping = models.ForeignKey(IntegrationTableMapping, null=True, blank=True, on_delete=models.CASCADE, related_name="job_queue_entries")
    parameters = models.JSONField("parameter string", default=dict, blank=True)
    status = models.CharField(max_length=40, choices=QueueStatus, default=QueueStatus.ON_HOLD)
    category = models.CharField("job queue category code", max_length=20, blank=True)
    priority = models.PositiveSmallIntegerField("priority within category", default=1000)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    trigger = models.CharField(max_length=20, default="schedule")

    recurring = models.BooleanField("recurring job", default=False)
    minutes_between_runs = models.PositiveIntegerField("no. of minutes between runs", default=0)
    run_on_monday = models.BooleanField(default=True)
    run_on_tuesday = models.BooleanField(default=True)
    run_on_wednesday = models.BooleanField(default=True)
    run_on_thursday = models.BooleanField(default=True)
    run_on_friday = models.BooleanField(default=True)
    run_on_saturday = models.BooleanField(default=True)
    run_on_sunday = models.BooleanField(default=True)
    starting_time = models.TimeField(null=True, blank=True)
    ending_time = models.TimeField(null=True, blank=True)
    next_run_formula = models.CharField("next run date formula", max_length=100, blank=True)
    time_zone = models.CharField(max_length=60, default="UTC")
    earliest_start = models.DateTimeField("earliest start date/time", null=True, blank=True)
    expiration = models.DateTimeField("expiration date/time", null=True, blank=True)
    inactivity_minutes = models.PositiveIntegerField("inactivity timeout period", default=0)

    maximum_attempts = models.PositiveSmallIntegerField("maximum no. of attempts to run", default=2)
    attempts = models.PositiveSmallIntegerField("no. of attempts to run", default=0)
    rerun_delay_seconds = models.PositiveIntegerField("rerun delay (sec.)", default=30)
    put_off = models.PositiveSmallIntegerField(default=0, editable=False, help_text="How often in a row a system asked to wait.")
    error_message = models.TextField(blank=True)
    forced = models.BooleanField(default=False, editable=False, help_text="Runs before others, whatever its schedule says.")
    return_to = models.CharField(max_length=40, blank=True, editable=False, help_text="The status after a run that a person asked for.")
    stop_requested = models.CharField(max_length=10, choices=Stop, blank=True, editable=False)
    stop_by = models.CharField(max_length=150, blank=True, editable=False)

    claim_token = models.CharField(max_length=36, blank=True, editable=False)
    worker = models.ForeignKey(Worker, null=True, blank=True, on_delete=models.SET_NULL, related_name="entries", editable=False)
    claimed_by = models.CharField(max_length=100, blank=True, editable=False)
    heartbeat_at = models.DateTimeField(null=True, blank=True, editable=False)
    rung_at = models.DateTimeField(null=True, blank=True, editable=False)
    changed_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="A change came while the entry was running.")
    current_log = models.ForeignKey("JobQueueLogEntry", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False)
    full_line = models.ForeignKey(
        "FullSynchronizationLine", null=True, blank=True, on_delete=models.SET_NULL, related_name="entries", editable=False
    )
    seen_direction = models.CharField(max_length=20, blank=True, editable=False, help_text="The mapping's direction when last looked at.")
    last_ready_at = models.DateTimeField("last ready state", null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["description", "id"]
        verbose_name_plural = "job queue entries"
        constraints = [
            models.UniqueConstraint(
                fields=["mapping"],
                condition=Q(status=QueueStatus.IN_PROCESS) & ~Q(run_kind=RunKind.PREVIEW),
                name="one_run_per_mapping",
            ),
            models.UniqueConstraint(
                fields=["category"],
                condition=Q(status=QueueStatus.IN_PROCESS) & ~Q(category=""),
                name="one_run_per_category",
            ),
        ]
        indexes = [
            models.Index(
                fields=["earliest_start"], condition=Q(status__in=["Ready", "Waiting", "On Hold with Inactivity Timeout"]), name="entry_due"
            ),
            models.Index(fields=["heartbeat_at"], condition=Q(status="In Process"), name="entry_heartbeat"),
        ]

    def __str__(self) -> str:
        return self.description

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding and self.mapping is not None:
            self.seen_direction = self.seen_direction or self.mapping.direction
        super().save(*args, **kwargs)

    @property
    def editable(self) -> bool:
        return self.status == QueueStatus.ON_HOLD

    @property
    def worker_lost(self) -> bool:
        """Whether the worker that runs it gives no sign of life, and no other one has gone on so far."""
        lost = timezone.now() - timedelta(seconds=settings.STALE_SECONDS)
        return self.status == QueueStatus.IN_PROCESS and bool(self.claim_token) and (self.heartbeat_at is None or self.heartbeat_at < lost)

    @property
    def weekdays(self) -> frozenset[int]:
        """On which it runs, Monday is 0."""
        return frozenset(number for number, day in enumerate(WEEKDAYS) if getattr(self, f"run_on_{day}"))


class LogStatus(models.TextChoices):
    IN_PROCESS = "In Process", "In Process"
    SUCCESS = "Success", "Success"
    ERROR = "Error", "Error"
    CANCELED = "Canceled", "Canceled"


class JobQueueLogEntry(models.Model):
    """One execution of an entry; outlives it. ``notes`` tells, a line each, which workers were lost and who went on."""

    entry = models.ForeignKey(JobQueueEntry, null=True, blank=True, on_delete=models.SET_NULL, related_name="log_entries")
    description = models.CharField(max_length=250)
    run_kind = models.CharField(max_length=20, choices=RunKind)
    mapping_name = models.CharField(max_length=20, blank=True)
    parameters = models.JSONField(default=dict)
    user_name = models.CharField(max_length=150, blank=True)
    worker_name = models.CharField(max_length=120, blank=True)
    lost_workers = models.PositiveSmallIntegerField(default=0)
    notes = models.TextField(blank=True)
    status = models.CharField(max_length=20, choices=LogStatus, default=LogStatus.IN_PROCESS)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    message = models.TextField(blank=True)
    call_stack = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "job queue log entries"
        indexes = [
            models.Index(fields=["entry", "-id"], name="log_of_entry"),
            models.Index(fields=["started_at", "id"], name="log_by_start"),
            models.Index(fields=["status", "-id"], name="log_by_status"),
            models.Index(fields=["mapping_name", "-id"], name="log_of_mapping"),
        ]

    def __str__(self) -> str:
        return f"{self.description} {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def seconds(self) -> float | None:
        """Duration of an execution that has ended."""
        return (self.ended_at - self.started_at).total_seconds() if self.ended_at else None
