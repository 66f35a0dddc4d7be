"""Worker clusters, and who of them does which periodic duty."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone


class Worker(models.Model):
    """One running ``qcluster``: a main process that keeps time, and ``processes`` children that run entries."""

    host = models.CharField(max_length=100)
    pid = models.PositiveIntegerField()
    processes = models.PositiveSmallIntegerField(default=1)
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    stopping_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["heartbeat_at"], condition=models.Q(stopped_at=None), name="worker_heartbeat")]

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"

    @property
    def state(self) -> str:
        """``Running``, ``Stopping``, ``Stopped`` or ``Lost``."""
        if self.stopped_at is not None:
            return "Stopped"
        if self.heartbeat_at < timezone.now() - timedelta(seconds=settings.STALE_SECONDS):
            return "Lost"
        return "Running" if self.stopping_at is None else "Stopping"


class DutyLease(models.Model):
    """Of one periodic duty (joblog/duties.py): from when on the first worker that asks may do it."""

    name = models.CharField(max_length=60, unique=True)
    due_at = models.DateTimeField()
    worker = models.ForeignKey(Worker, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    began_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
