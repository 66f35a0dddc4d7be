"""Templates: values that a new record gets, chosen by filter and priority."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from mappings.models.table_mapping import IntegrationTableMapping

# How documents must use a default dimension: no rule, any code, this code, none (Business Central: Value Posting).
POSTING_RULES = ("", "Code Mandatory", "Same Code", "No Code")


class TemplateSide(models.TextChoices):
    BUSINESS_CENTRAL = "business_central", "Business Central"
    SALES = "sales", "Dynamics 365 Sales"


class ConfigTemplate(models.Model):
    """Defaults for records that a mapping creates on one side (engine.md section 10).

    ``defaults`` is {property: value} of the new record; ``conditions`` is a list of {"field", "operator", "value"} on the source record,
    all of which must hold (operators: =, <>, <, <=, >, >=); an empty list fits every record. ``dimensions`` are default dimensions of a
    new Business Central record: a list of {"dimension", "value", "posting"}, the latter one of ``POSTING_RULES``.
    """

    mapping = models.ForeignKey(IntegrationTableMapping, on_delete=models.CASCADE, related_name="templates")
    side = models.CharField(max_length=20, choices=TemplateSide, help_text="Where the new record is created.")
    code = models.CharField(max_length=20)
    description = models.CharField(max_length=250, blank=True)
    priority = models.PositiveIntegerField(default=0, help_text="The lowest number is tried first.")
    conditions = models.JSONField(default=list, blank=True)
    defaults = models.JSONField(default=dict, blank=True)
    dimensions = models.JSONField(default=list, blank=True, help_text="Default dimensions of a new Business Central record.")

    class Meta:
        ordering = ["side", "priority", "id"]
        constraints = [models.UniqueConstraint(fields=["mapping", "side", "code"], name="template_code_per_side")]

    def __str__(self) -> str:
        return self.code

    def clean(self) -> None:
        """Refuses default dimensions that Business Central could not take, whatever its dimensions are."""
        if self.dimensions and self.side != TemplateSide.BUSINESS_CENTRAL:
            raise ValidationError({"dimensions": "Only records of Business Central have default dimensions."})
        rows = self.dimensions if isinstance(self.dimensions, list) else [self.dimensions]
        wrong = [reason for row in rows if (reason := _wrong_dimension(row))]
        names = [str(row.get("dimension")).upper() for row in rows if isinstance(row, dict)]
        if len(set(names)) < len(names):
            wrong.append("Each dimension can be given once.")
        if wrong:
            raise ValidationError({"dimensions": wrong})


def _wrong_dimension(row: Any) -> str:
    if not isinstance(row, dict) or set(row) - {"dimension", "value", "posting"} or not all(isinstance(one, str) for one in row.values()):
        return 'A default dimension is an object with the texts "dimension", "value" and "posting".'
    if not row.get("dimension"):
        return "A default dimension needs the code of its dimension."
    if row.get("posting", "") not in POSTING_RULES:
        return f"posting is one of: {', '.join(rule or 'nothing' for rule in POSTING_RULES)}."
    return f"{row['dimension']}: No Code goes without a value." if row.get("posting") == "No Code" and row.get("value") else ""
