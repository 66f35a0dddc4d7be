"""Pauses of the whole job queue."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class QueuePause(models.Model):
    """Who stopped everything, why, and until when. At most one has not ended."""

    reason = models.CharField(max_length=250)
    user_name = models.CharField(max_length=150, blank=True)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=150, blank=True)
    open = models.BooleanField(default=True, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["open"], condition=Q(open=True), name="one_open_pause")]

    def __str__(self) -> str:
        return f"Paused by {self.user_name or 'a command'}: {self.reason}"
