"""How the cues of the role center are set: from which number on they are yellow or red, and from when on they count."""

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


class CueReset(models.Model):
    """Somebody has seen what the cue of this name counted until ``at``; it counts what came later."""

    name = models.CharField(max_length=30, unique=True)
    at = models.DateTimeField()
    user_name = models.CharField("reset by", max_length=150)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M:%S}"
