"""What a person keeps of the pages: settings, layouts of lists, and views of lists that may be shared."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q


class Appearance(models.TextChoices):
    SYSTEM = "", "As the device"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class Moments(models.TextChoices):
    ABSOLUTE = "", "Date and time"
    RELATIVE = "relative", "How long ago, or in how long"


class PersonalSettings(models.Model):
    """``layouts`` keeps the shown columns of each list, in their order, by the list's key."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="personal_settings")
    time_zone = models.CharField(max_length=60, blank=True)
    locale = models.CharField("number and date format", max_length=10, blank=True)
    moments = models.CharField("times in pages", max_length=10, choices=Moments, default=Moments.ABSOLUTE, blank=True)
    appearance = models.CharField(max_length=10, choices=Appearance, default=Appearance.SYSTEM, blank=True)
    tell_scheduled = models.BooleanField("tell what was scheduled", default=True)
    layouts: models.JSONField[Any, dict[str, list[str]]] = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name_plural = "personal settings"

    def __str__(self) -> str:
        return f"settings of {self.user}"


class SavedView(models.Model):
    """A list as somebody left it: ``query`` is the address's query (filters and sorting), ``columns`` are the shown ones in their order.

    ``list_key`` is the key of the list's table; a shared view is everybody's to use and its owner's to change.
    """

    list_key = models.CharField(max_length=50)
    name = models.CharField(max_length=60)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    shared = models.BooleanField(default=False)
    query = models.TextField(blank=True)
    columns: models.JSONField[Any, list[str]] = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["list_key", "owner", "name"], name="view_once_per_person"),
            models.UniqueConstraint(fields=["list_key", "name"], condition=Q(shared=True), name="shared_view_once"),
        ]

    def __str__(self) -> str:
        return self.name
