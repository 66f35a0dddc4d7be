"""Option mappings: codes of Business Central against choice values of Sales."""

from __future__ import annotations

from django.db import models


class OptionMapping(models.Model):
    """One pair of an option mapping; all columns that use the option mapping share its pairs (engine.md section 16).

    Several codes may go to one value: Business Central has more of them than Sales has choices. The first one comes back.
    """

    name = models.CharField("option mapping", max_length=50, help_text="For example PAYMENT TERMS.")
    code = models.CharField("Business Central code", max_length=50)
    value = models.IntegerField("option value")
    label = models.CharField("option value caption", max_length=200, blank=True)

    class Meta:
        ordering = ["name", "value", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["name", "code"], name="one_value_per_code", violation_error_message="This code has a value already."
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.code} = {self.value} {self.label}"
