"""How long the log is kept."""

from __future__ import annotations

from django.db import models


class Kept(models.TextChoices):
    """What is kept for a time of its own."""

    WELL = "well", "Jobs that went well"
    FAILED = "failed", "Jobs with failed records, in error or canceled"
    PREVIEWS = "previews", "Previews"
    RUNS_WELL = "runs-well", "Job queue log entries that went well"
    RUNS_FAILED = "runs-failed", "Job queue log entries in error or canceled"


class RetentionRule(models.Model):
    """Set by an Administrator in place of the default; ``days`` null keeps for ever."""

    kept = models.CharField(max_length=20, choices=Kept, unique=True)
    days = models.PositiveIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.get_kept_display()}: {self.days if self.days is not None else 'for ever'}"
