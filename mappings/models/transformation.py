"""Transformation rules: what happens to a value on its way between two mapped fields."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from mappings.models.system import System
from syncadmin.sync.transform import Rule, RuleType, check


class TransformationRule(models.Model):
    """One rule, named by its code in field mappings (engine.md section 22).

    ``parameters`` are those that its type has (syncadmin.sync.transform.PARAMETERS), as texts. The code stays as it was made.
    """

    code = models.CharField(
        max_length=50,
        unique=True,
        validators=[RegexValidator(r"^[A-Z0-9][A-Z0-9 ._\-]*$", "A code has capital letters, digits, blanks, points, _ and - only.")],
        error_messages={"unique": "A transformation rule with this code exists already."},
    )
    description = models.CharField(max_length=100, blank=True)
    type = models.CharField(max_length=40, choices=[(one.value, one.value) for one in RuleType])
    parameters = models.JSONField(default=dict, blank=True)
    next_rule = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="previous_rules",
        verbose_name="next transformation rule",
        help_text="Takes what this rule gives.",
    )

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Checks the parameters against the type as well."""
        super().clean_fields(exclude=exclude)
        if "parameters" in (exclude or ()):
            return
        if not isinstance(self.parameters, dict) or not all(isinstance(value, str) for value in self.parameters.values()):
            raise ValidationError({"parameters": "Parameters are texts by name."})
        wrong = check(Rule(code=self.code, type=RuleType(self.type), parameters=self.parameters))
        if wrong:
            raise ValidationError({"parameters": [f"{name.replace('_', ' ').capitalize()}: {reason}" for name, reason in wrong.items()]})


class LookedUpPairs(models.Model):
    """What a Field Lookup rule found in one system when it was last read: source value -> target value."""

    rule = models.ForeignKey(TransformationRule, on_delete=models.CASCADE, related_name="looked_up")
    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="+")
    pairs = models.JSONField(default=dict)
    read_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "looked up pairs"
        constraints = [models.UniqueConstraint(fields=["rule", "system"], name="pairs_of_rule_and_system")]

    def __str__(self) -> str:
        return f"{self.rule_id} in {self.system_id}"
