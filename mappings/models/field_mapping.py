"""Integration field mappings: which field goes with which, which way, and how its value changes on the way."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models

from mappings.models.table_mapping import ONE_WAY, IntegrationTableMapping


class FieldDirection(models.TextChoices):
    BIDIRECTIONAL = "Bidirectional", "Bidirectional"
    TO_INTEGRATION = "ToIntegrationTable", "To Sales"
    FROM_INTEGRATION = "FromIntegrationTable", "From Sales"


class FieldStatus(models.TextChoices):
    ENABLED = "Enabled", "Enabled"
    DISABLED = "Disabled", "Disabled"


class IntegrationFieldMapping(models.Model):
    """One pair of fields, or a constant for one side where the other field is blank (engine.md section 2.1)."""

    mapping = models.ForeignKey(IntegrationTableMapping, on_delete=models.CASCADE, related_name="field_mappings")
    position = models.PositiveIntegerField(default=0)
    field = models.CharField("field name", max_length=100, blank=True, help_text="Property of the Business Central table.")
    integration_field = models.CharField("integration field name", max_length=100, blank=True, help_text="Column of the Sales table.")
    direction = models.CharField(max_length=20, choices=FieldDirection, default=FieldDirection.BIDIRECTIONAL)
    status = models.CharField(max_length=10, choices=FieldStatus, default=FieldStatus.DISABLED)
    status_reason = models.CharField(max_length=250, blank=True, editable=False, help_text="Why the set-up disabled it.")
    constant_value = models.CharField(max_length=100, blank=True)
    lookup_mapping = models.CharField(max_length=20, blank=True, help_text="Mapping whose couplings carry the reference over.")
    blank_is_local_currency = models.BooleanField(default=False)
    option_mapping = models.CharField(max_length=50, blank=True, help_text="Option mapping that carries the value over.")
    transformation_rule = models.CharField(max_length=50, blank=True)
    transformation_direction = models.CharField(max_length=20, choices=FieldDirection, blank=True)
    validate_field = models.BooleanField(default=True)
    validate_integration_field = models.BooleanField("validate integration table fld", default=False)
    clear_on_failed_sync = models.BooleanField("clear value on failed sync", default=False)
    not_null = models.BooleanField(default=False)
    truncate = models.BooleanField(default=False, help_text="Cut longer text instead of failing the record.")
    use_for_match = models.BooleanField("use for match-based coupling", default=False)
    match_priority = models.PositiveIntegerField(default=0)
    case_sensitive = models.BooleanField("case-sensitive matching", default=False)
    user_defined = models.BooleanField(default=False)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(clear_on_failed_sync=True, not_null=True),
                name="clear_or_not_null",
                violation_error_message="Clear Value on Failed Sync and Not Null exclude each other.",
            ),
            models.CheckConstraint(
                condition=~models.Q(field="", integration_field=""),
                name="field_on_one_side",
                violation_error_message="A field mapping needs a field on at least one side.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field or 'constant'} {self.arrow} {self.integration_field or 'constant'}"

    @property
    def arrow(self) -> str:
        return {"Bidirectional": "⇄", "ToIntegrationTable": "→", "FromIntegrationTable": "←"}[self.direction]

    @property
    def is_constant(self) -> bool:
        return not self.field or not self.integration_field

    def clean(self) -> None:
        """Refuses what could never run: a constant that goes the wrong way (engine.md section 2.1), an option mapping both ways (M02)."""
        if self.mapping_id and self.mapping.is_option_mapping and self.direction == FieldDirection.BIDIRECTIONAL:
            raise ValidationError({"direction": ONE_WAY})
        wanted = FieldDirection.TO_INTEGRATION if not self.field else FieldDirection.FROM_INTEGRATION
        if self.is_constant and self.direction != wanted:
            raise ValidationError({"direction": f"A constant can only go {wanted.label}: the other side has no field."})
