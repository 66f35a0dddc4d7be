"""What was said about a job while it ran."""

from __future__ import annotations

from django.db import models

from joblog.models.synch_job import SynchJob


class LineLevel(models.TextChoices):
    INFO = "INFO", "Info"
    WARNING = "WARNING", "Warning"
    ERROR = "ERROR", "Error"


class JobLine(models.Model):
    """One log line of a job; goes with it. ``left_out`` is set on the last line alone: so many more were not kept."""

    job = models.ForeignKey(SynchJob, on_delete=models.CASCADE, related_name="lines", db_index=False)
    at = models.DateTimeField()
    level = models.CharField(max_length=10, choices=LineLevel, default=LineLevel.INFO)
    logger = models.CharField(max_length=100, blank=True)
    text = models.TextField()
    left_out = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["job", "id"], name="line_of_job")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.level} {self.text[:80]}"
