"""What all jobs together did since the installation began, for measurements that outlive the log."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class JobTotals(models.Model):
    """One row per mapping, type and direction; added to when jobs have ended (joblog/totals.py)."""

    COUNTERS: ClassVar[tuple[str, ...]] = ("inserted", "modified", "deleted", "unchanged", "skipped", "failed", "coupled", "uncoupled")
    STATUSES: ClassVar[dict[str, str]] = {"Finished": "finished", "Error": "ended_in_error", "Canceled": "canceled"}

    company = models.CharField(max_length=100, blank=True)
    mapping_name = models.CharField(max_length=20)
    type = models.CharField(max_length=20)
    direction = models.CharField(max_length=20)
    finished = models.PositiveBigIntegerField(default=0)
    ended_in_error = models.PositiveBigIntegerField(default=0)
    canceled = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(default=0)
    read = models.PositiveBigIntegerField(default=0)
    inserted = models.PositiveBigIntegerField(default=0)
    modified = models.PositiveBigIntegerField(default=0)
    deleted = models.PositiveBigIntegerField(default=0)
    unchanged = models.PositiveBigIntegerField(default=0)
    skipped = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)
    coupled = models.PositiveBigIntegerField(default=0)
    uncoupled = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "job totals"
        constraints = [models.UniqueConstraint(fields=["company", "mapping_name", "type", "direction"], name="totals_once")]

    def __str__(self) -> str:
        return f"{self.mapping_name} {self.type} {self.direction}"
