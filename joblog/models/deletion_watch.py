"""Where the search for deleted records of a mapping goes on in Sales."""

from __future__ import annotations

from django.db import models

from mappings.models import IntegrationTableMapping, System


class DeletionWatch(models.Model):
    """The delta link of the last complete search (web-apis.md section 3), and what it belongs to.

    It is the mapping's own: a deletion that one mapping has been told of must be told to the other mappings of the table, too.
    """

    mapping = models.OneToOneField(IntegrationTableMapping, on_delete=models.CASCADE, related_name="deletion_watch")
    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="+")
    table = models.CharField(max_length=100)
    link = models.TextField(blank=True)
    read_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.mapping} since {self.read_at:%Y-%m-%d %H:%M}"
