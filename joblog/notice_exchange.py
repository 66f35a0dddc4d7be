"""Who is told of troubles in the exported configuration (commands.md section 1). People are named by their user name; secrets stay here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from joblog.models import NoticeRule
from joblog.notice_forms import NoticeRuleForm
from mappings.exchange import Import
from mappings.models import IntegrationTableMapping

_PLAIN = ("channel", "address", "after_failures", "failing_records", "on_recovery", "daily_digest", "time_zone", "enabled")
_NAMED = ("person", "role", "mapping", "company", "digest_time")
_WHO = ("channel", "person", "role", "address", "mapping", "company")


def notice_rules_to_json() -> list[dict[str, Any]]:
    return [rule_to_json(row) for row in NoticeRule.objects.select_related("person", "role", "mapping__business_central")]


def rule_to_json(row: NoticeRule) -> dict[str, Any]:
    """One rule, also for the change log."""
    return {name: getattr(row, name) for name in _PLAIN} | {
        "person": row.person.get_username() if row.person else None,
        "role": row.role.name if row.role else None,
        "mapping": row.mapping.name if row.mapping else None,
        "company": row.mapping.business_central.company if row.mapping else None,
        "digest_time": f"{row.digest_time:%H:%M}",
    }


def rule_name(plain: Mapping[str, Any]) -> str:
    """What the change log calls a rule that :func:`rule_to_json` has written."""
    recipient = plain["address"] or plain["person"] or plain["role"]
    return f"{plain['channel']} to {recipient} {plain['mapping'] or ''}".strip()


@dataclass
class NoticeRuleImport:
    """Reads the rules of a file into the import of the rest; a rule for the same recipient and mapping is changed."""

    whole: Import

    def read(self, data: Mapping[str, Any]) -> None:
        planned = {plain.get("name") for plain in self.whole.rows(data, "mappings")}
        known = {_who(rule_to_json(row)): row for row in NoticeRule.objects.select_related("person", "role", "mapping__business_central")}
        for plain in self.whole.rows(data, "notice_rules"):
            self._rule(plain, known, planned)

    def _rule(self, plain: Mapping[str, Any], known: Mapping[tuple[Any, ...], NoticeRule], planned: set[Any]) -> None:
        what = f"notice rule {plain.get('person') or plain.get('role') or plain.get('address') or '?'}"
        self.whole.known(what, plain, _PLAIN, also=_NAMED)
        name = plain.get("mapping")
        if name and name not in planned and not IntegrationTableMapping.objects.filter(name=name).exists():
            self.whole.errors.append(f"{what}: there is no mapping {name}.")
        row = known.get(_who(plain)) or NoticeRule()
        before = rule_to_json(row) if row.pk else None
        data = rule_to_json(row) | dict(plain)
        person, role = self._found(what, "person", data), self._found(what, "role", data)
        form = NoticeRuleForm({**data, "person": person or "", "role": role or "", "mapping": ""}, instance=row)
        for field, reasons in form.errors.items():
            self.whole.errors.append(f"{what}: {field}: {' '.join(str(reason) for reason in reasons)}")
        if before != data:
            self.whole.plan(f"{what}: {'change' if before else 'new'}", lambda: _save(form, data))

    def _found(self, what: str, kind: str, data: Mapping[str, Any]) -> int | None:
        """The key of a person or role by its name; one that is not here is an error."""
        name = data.get(kind)
        if not name:
            return None
        rows: Any = get_user_model().objects.filter(username=name) if kind == "person" else Group.objects.filter(name=name)
        key: int | None = rows.values_list("pk", flat=True).first()
        if key is None:
            self.whole.errors.append(f"{what}: there is no {kind} {name}.")
        return key


def _who(plain: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(plain.get(name) or "" for name in _WHO)


def _save(form: NoticeRuleForm, data: Mapping[str, Any]) -> None:
    row = form.save(commit=False)
    row.mapping = None
    if data.get("mapping"):
        found = IntegrationTableMapping.objects.filter(name=data["mapping"])
        row.mapping = (found.filter(business_central__company=data["company"]) if data.get("company") else found).get()
    row.save()
