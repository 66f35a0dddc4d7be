"""Templates: values that a new record gets, chosen by filter and priority."""

from __future__ import annotations

from django.db import models

from mappings.models.table_mapping import IntegrationTableMapping


class TemplateSide(models.TextChoices):
    BUSINESS_CENTRAL = "business_central", "Business Central"
    SALES = "sales", "Dynamics 365 Sales"


class ConfigTemplate(models.Model):
    """Defaults for records that a mapping creates on one side (engine.md section 10).

    ``defaults`` is {property: value} of the new record; ``conditions`` is a list of {"field", "operator", "value"} on the source record,
    all of which must hold (operators: =, <>, <, <=, >, >=); an empty list fits every record.
    """

    mapping = models.ForeignKey(IntegrationTableMapping, on_delete=models.CASCADE, related_name="templates")
    side = models.CharField(max_length=20, choices=TemplateSide, help_text="Where the new record is created.")
    code = models.CharField(max_length=20)
    description = models.CharField(max_length=250, blank=True)
    priority = models.PositiveIntegerField(default=0, help_text="The lowest number is tried first.")
    conditions = models.JSONField(default=list, blank=True)
    defaults = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["side", "priority", "id"]
        constraints = [models.UniqueConstraint(fields=["mapping", "side", "code"], name="template_code_per_side")]

    def __str__(self) -> str:
        return self.code
