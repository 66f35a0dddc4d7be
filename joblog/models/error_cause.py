"""Why records fail: one row per code, mapping, direction and fields, with what is open of it now."""

from __future__ import annotations

from django.db import models

from mappings.models import IntegrationTableMapping


class ErrorCause(models.Model):
    """Kept beside the entries, so that nobody has to group millions of them to see what is wrong (joblog/causes.py keeps it right).

    ``records`` is the number of open issues: failed records that have not succeeded since, without the ``ignored`` ones; ``failures``
    counts every attempt that ever failed for this cause. ``fields`` are property names, joined by commas; ``field_labels`` the same for
    people. ``message`` is that of the last failure. Keeps the name of its mapping, as a job does: for statistics that is the name of the
    job.
    """

    mapping = models.ForeignKey(IntegrationTableMapping, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    mapping_name = models.CharField("integration table mapping", max_length=20)
    company = models.CharField(max_length=100, blank=True)
    direction = models.CharField(max_length=20)
    code = models.CharField(max_length=40)
    fields = models.CharField(max_length=300, blank=True)
    field_labels = models.CharField("field", max_length=300, blank=True)
    missing = models.CharField(max_length=200, blank=True, help_text="Where what is missing has to be coupled: mappings, option mappings.")
    records = models.PositiveBigIntegerField(default=0)
    ignored = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveBigIntegerField(default=0)
    first_seen_at = models.DateTimeField("first seen", null=True, blank=True)
    last_seen_at = models.DateTimeField("last seen", null=True, blank=True)
    message = models.TextField(blank=True)

    class Meta:
        ordering = ["-records", "id"]
        constraints = [
            models.UniqueConstraint(fields=["mapping", "mapping_name", "direction", "code", "fields"], name="one_row_per_cause"),
        ]

    def __str__(self) -> str:
        return " · ".join(part for part in (self.mapping_name, self.code, self.field_labels) if part)

    @property
    def unresolved(self) -> int:
        """Records that it holds up, whether people ignore it or not."""
        return self.records + self.ignored
