"""Couplings: the link of two records, and what is known of both since they were last synchronized."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from mappings.models.table_mapping import IntegrationTableMapping


class SynchResult(models.TextChoices):
    NONE = "", "Not yet"
    SUCCESS = "Success", "Success"
    FAILURE = "Failure", "Failure"


class Coupling(models.Model):
    """One Business Central record and one Sales record of one mapping (engine.md section 4).

    A *pending* coupling has one record that exists and one that is being created, or could not be created yet: its key is the chosen
    one, or null where the system chooses. ``baseline`` keeps each side's canonical values as of the last success:
    ``{"field|integration_field": [business_central_value, sales_value]}``. ``to_*`` tells of the last attempt to Sales, ``from_*`` from it.
    """

    mapping = models.ForeignKey(IntegrationTableMapping, on_delete=models.PROTECT, related_name="couplings")
    bc_key = models.CharField(max_length=36, null=True, blank=True)
    sales_key = models.CharField(max_length=36, null=True, blank=True)
    bc_number = models.CharField(
        max_length=100, blank=True, help_text="Business key of the Business Central record, as references name it."
    )
    bc_label = models.CharField(max_length=250, blank=True)
    sales_label = models.CharField(max_length=250, blank=True)
    pending = models.CharField(max_length=20, blank=True, help_text="Direction of the insert that is not finished, or blank.")
    pending_since = models.DateTimeField(null=True, blank=True)
    skipped = models.BooleanField(default=False)
    baseline = models.JSONField(default=dict)
    bc_modified_at = models.DateTimeField(null=True, blank=True)
    sales_modified_at = models.DateTimeField(null=True, blank=True)
    bc_etag = models.CharField(max_length=200, blank=True)
    sales_etag = models.CharField(max_length=200, blank=True)
    to_result = models.CharField(max_length=10, choices=SynchResult, blank=True)
    to_job_id = models.BigIntegerField(null=True, blank=True)
    to_error = models.CharField(max_length=300, blank=True, help_text="Code and fields of the last failure to Sales.")
    from_result = models.CharField(max_length=10, choices=SynchResult, blank=True)
    from_job_id = models.BigIntegerField(null=True, blank=True)
    from_error = models.CharField(max_length=300, blank=True, help_text="Code and fields of the last failure from Sales.")
    last_error = models.TextField(blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    last_synch_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    origin = models.CharField(max_length=20, blank=True, help_text="How it came about: manual, insert, match.")
    template_owed = models.CharField(
        max_length=20, blank=True, default="", help_text="Template of a new record whose default dimensions are not written yet."
    )

    class Meta:
        ordering = ["bc_number", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["mapping", "bc_key"],
                name="bc_record_coupled_once",
                violation_error_message="This Business Central record is already coupled in this mapping.",
            ),
            models.UniqueConstraint(
                fields=["mapping", "sales_key"],
                name="sales_record_coupled_once",
                violation_error_message="This Sales record is already coupled in this mapping.",
            ),
            models.CheckConstraint(condition=Q(bc_key__isnull=False) | Q(sales_key__isnull=False), name="coupling_has_a_record"),
        ]
        indexes = [
            models.Index(fields=["mapping", "bc_number"], name="coupling_by_number"),
            models.Index(fields=["mapping", "id"], condition=Q(to_result="Failure", skipped=False), name="coupling_retry_to"),
            models.Index(fields=["mapping", "id"], condition=Q(from_result="Failure", skipped=False), name="coupling_retry_from"),
            models.Index(fields=["mapping", "id"], condition=Q(skipped=True), name="coupling_skipped"),
            models.Index(fields=["mapping", "id"], condition=~Q(pending=""), name="coupling_pending"),
            models.Index(fields=["mapping", "id"], condition=~Q(template_owed=""), name="coupling_template_owed"),
        ]

    def __str__(self) -> str:
        return f"{self.bc_label or self.bc_key} ⇄ {self.sales_label or self.sales_key}"

    @property
    def failing(self) -> bool:
        return SynchResult.FAILURE in (self.to_result, self.from_result)

    @property
    def state(self) -> str:
        """One word for lists: pending, skipped, failing, new or in sync."""
        if self.skipped:
            return "skipped"
        if self.pending:
            return "pending"
        if self.failing:
            return "failing"
        return "in sync" if self.last_synch_at else "new"
