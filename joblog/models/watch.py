"""What is known of changes in the systems: how each system tells of them, and the newest stamp that a table had."""

from __future__ import annotations

import secrets

from django.db import models

from mappings.encryption import decrypt, encrypt
from mappings.models import System


class SystemWatch(models.Model):
    """How changes of a system come to be known: ``secret`` is what its notifications carry, ``address`` where it sends them.

    ``webhook`` is the id of the webhook in Dataverse. ``look_at`` and ``retry_at`` are the next moments for the light poll and for the
    upkeep of subscriptions; ``delayed`` and ``tries`` say how often in a row they were put off. ``message`` is what hinders, for people.
    """

    system = models.OneToOneField(System, on_delete=models.CASCADE, related_name="watch")
    encrypted_secret = models.TextField(blank=True)
    address = models.URLField(max_length=400, blank=True)
    webhook = models.CharField(max_length=36, blank=True)
    compared_at = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    look_at = models.DateTimeField(null=True, blank=True)
    delayed = models.PositiveSmallIntegerField(default=0)
    message = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "system watches"

    def __str__(self) -> str:
        return f"Changes of {self.system}"

    @property
    def secret(self) -> str:
        """Raises ImproperlyConfigured where it was saved with another key."""
        return decrypt(self.encrypted_secret)

    @classmethod
    def of(cls, system: System) -> SystemWatch:
        """The one of a system, made with a secret of its own where there is none yet."""
        made, _ = cls.objects.get_or_create(system=system, defaults={"encrypted_secret": encrypt(secrets.token_urlsafe(32))})
        return made


class WatchedTable(models.Model):
    """A table whose changes some mapping waits for. ``newest`` is the stamp of its newest row when it was last looked at.

    ``subscription`` is the id of what makes the system tell of changes: the subscription in Business Central, the webhook in Dataverse;
    "" where it does not, for the reason in ``message``. ``told_at`` is when it last did (kept to the minute).
    """

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="watched_tables")
    name = models.CharField("table", max_length=100)
    label = models.CharField(max_length=200, blank=True)
    type_name = models.CharField(max_length=100, blank=True)
    newest = models.DateTimeField("newest change", null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    subscription = models.CharField(max_length=250, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    told_at = models.DateTimeField(null=True, blank=True)
    message = models.TextField(blank=True)

    class Meta:
        ordering = ["system__kind", "system__name", "name"]
        constraints = [models.UniqueConstraint(fields=["system", "name"], name="watched_once")]

    def __str__(self) -> str:
        return f"{self.system_id}: {self.name}"
