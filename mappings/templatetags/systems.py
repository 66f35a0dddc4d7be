"""{% load systems %}: which systems this installation connects."""

from __future__ import annotations

from django import template

from mappings.models import System, SystemKind

register = template.Library()


@register.simple_tag
def system_pair() -> str:
    """``CRONUS International ⇄ contoso.crm``, or how many companies there are where it is not one; one query."""
    names: dict[str, list[str]] = {SystemKind.BUSINESS_CENTRAL: [], SystemKind.SALES: []}
    for kind, name in System.objects.filter(enabled=True).values_list("kind", "name"):
        names[kind].append(name)
    companies, environments = names[SystemKind.BUSINESS_CENTRAL], names[SystemKind.SALES]
    if not companies or not environments:
        return ""
    return f"{_one_or_number(companies, 'companies')} ⇄ {_one_or_number(environments, 'environments')}"


def _one_or_number(names: list[str], many: str) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} {many}"
