"""From which number on a cue of the role center is yellow or red."""

from __future__ import annotations

from django.db import models


class CueThreshold(models.Model):
    """One cue by its name (joblog/cues.py). None: it never has that colour."""

    name = models.CharField(max_length=30, unique=True)
    warn_from = models.PositiveIntegerField(null=True, blank=True)
    bad_from = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
