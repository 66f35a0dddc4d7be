"""The change log of configuration: who changed what, when, before and after (engine.md A26)."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class ConfigurationChange(models.Model):
    """One saved change of one object.

    ``before`` and ``after`` are the whole object as ``setup export`` writes it, null when there was none.
    """

    changed_at = models.DateTimeField(auto_now_add=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_by_name = models.CharField(max_length=150)
    kind = models.CharField(max_length=40, help_text="What was changed: mapping, system, option mapping, job queue entry.")
    name = models.CharField(max_length=100)
    company = models.CharField(max_length=100, blank=True)
    version = models.PositiveIntegerField(null=True)
    what = models.CharField(max_length=250)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["kind", "name", "-id"], name="change_of_object")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.what}"
