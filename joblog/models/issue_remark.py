"""What people said about records that fail, and did about them."""

from __future__ import annotations

from django.db import models

from mappings.models import LONGEST_NOTE


class IssueRemark(models.Model):
    """Found by record, mapping and direction, so that it outlives the attempt it was made at; by ``entry_number`` for a failure without a
    record. Neither of them is a foreign key: the log is deleted in batches that must not look for what points at them
    (joblog/retention.py).
    """

    class Kind(models.TextChoices):
        NOTE = "note", "Note"
        ASSIGNED = "assigned", "Assigned"
        HELD = "held", "Held"
        IGNORED = "ignored", "Ignored"
        REOPENED = "reopened", "Reopened"

    company = models.CharField(max_length=100, blank=True)
    mapping_name = models.CharField("integration table mapping", max_length=20)
    direction = models.CharField(max_length=20)
    source_key = models.CharField(max_length=36, blank=True)
    entry_number = models.BigIntegerField()
    at = models.DateTimeField()
    user_name = models.CharField(max_length=150)
    kind = models.CharField(max_length=10, choices=Kind)
    text = models.CharField(max_length=LONGEST_NOTE, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["source_key", "-id"], name="remark_of_record"),
            models.Index(fields=["entry_number"], condition=models.Q(source_key=""), name="remark_of_entry"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.user_name}: {self.text}".removesuffix(": ")
