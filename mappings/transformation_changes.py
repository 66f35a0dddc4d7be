"""Changing transformation rules: every change is kept, and reaches the mappings that use the rule (engine.md section 22 and A26)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction

from mappings.changes import Person, keep_change, keep_shared_change
from mappings.exchange_transformations import transformation_to_json
from mappings.models import IntegrationTableMapping, TransformationRule
from mappings.transformations import leading_to, users_of

_KIND = "transformation rule"


def save_rule(
    row: TransformationRule, user: Person, save: Callable[[], object], *, before: dict[str, Any] | None
) -> list[IntegrationTableMapping]:
    """Saves a rule and keeps the change; the mappings that it reaches, directly or through a chain. ``before`` is None for a new rule."""
    with transaction.atomic():
        save()
        row.looked_up.all().delete()
        using = list({use.mapping_id: use.mapping for use in users_of(leading_to(row.code))}.values())
        after = transformation_to_json(row)
        changed = [name.replace("_", " ") for name, value in after.items() if before and before[name] != value]
        what = ", ".join(changed).capitalize() or "New"
        keep_shared_change(user, using, kind=_KIND, name=row.code, what=what, before=before, after=after)
    return using


def delete_rules(ids: Sequence[int], user: Person) -> tuple[list[str], list[str]]:
    """Deletes those of these rules that nothing uses; their codes, and of the others why they stay (engine.md section 2.1)."""
    deleted: list[str] = []
    reasons: list[str] = []
    with transaction.atomic():
        for row in TransformationRule.objects.filter(pk__in=list(ids)).select_related("next_rule"):
            if reason := _why_not(row):
                reasons.append(reason)
                continue
            before = transformation_to_json(row)
            row.delete()
            keep_change(user, kind=_KIND, name=row.code, what="Deleted", before=before)
            deleted.append(row.code)
    return deleted, reasons


def _why_not(row: TransformationRule) -> str:
    uses = [f"{use.mapping.name} ({use.field or use.integration_field})" for use in users_of([row.code])]
    uses += [f"the rule {before.code}" for before in row.previous_rules.all()]
    return f"{row.code} was not deleted: it is used by {', '.join(uses)}." if uses else ""
