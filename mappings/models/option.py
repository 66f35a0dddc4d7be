"""Option mappings: codes of Business Central against choice values of Sales."""

from __future__ import annotations

from django.db import models


class OptionMapping(models.Model):
    """One pair of an option mapping; all columns that use the option mapping share its pairs (engine.md section 16)."""

    name = models.CharField("option mapping", max_length=50, help_text="For example PAYMENT TERMS.")
    code = models.CharField("Business Central code", max_length=50)
    value = models.IntegerField("option value")
    label = models.CharField("option value caption", max_length=200, blank=True)

    class Meta:
        ordering = ["name", "value"]
        constraints = [
            models.UniqueConstraint(
                fields=["name", "code"], name="one_value_per_code", violation_error_message="This code has a value already."
            ),
            models.UniqueConstraint(
                fields=["name", "value"], name="one_code_per_value", violation_error_message="This value has a code already."
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.code} = {self.value} {self.label}"
