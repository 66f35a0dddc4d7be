"""One transformation rule: its page, and trying it on a sample."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import urlencode

from mappings.exchange_transformations import transformation_to_json
from mappings.models import IntegrationTableMapping, SystemTable, TransformationRule
from mappings.transformation_changes import save_rule
from mappings.transformation_forms import TransformationForm
from mappings.transformations import try_rule, users_of
from syncadmin.sync.errors import SyncError
from syncadmin.sync.transform import RuleType
from syncadmin.ui.views import Page, key_in, tell


class TransformationEdit(Page):
    """With a key the rule of that key, without one a new rule."""

    template_name = "mappings/transformation_edit.html"
    change_permission = "mappings.configure"

    def row(self) -> TransformationRule:
        if "pk" not in self.kwargs:
            return TransformationRule()
        return get_object_or_404(TransformationRule.objects.select_related("next_rule"), pk=self.kwargs["pk"])

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        form = extra.pop("form", None) or TransformationForm(instance=self.row(), initial=_typed(self.request.GET))
        may_change = self.request.user.has_perm(self.change_permission)
        if not may_change:
            form.lock()
        row = form.instance
        return super().get_context_data(
            title=row.code if row.pk else "New transformation rule",
            form=form,
            row=row,
            may_change=may_change,
            back_url=reverse("mappings:transformation-list"),
            uses=users_of([row.code]) if row.pk else [],
            before=row.previous_rules.all() if row.pk else [],
            tables=_known_tables() if form.type == RuleType.FIELD_LOOKUP else [],
            **extra,
        )

    def post(self, request: HttpRequest, **_kwargs: int) -> HttpResponse:
        row = self.row()
        before = transformation_to_json(row) if row.pk else None
        form = TransformationForm(request.POST, instance=row)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        if before == transformation_to_json(row):
            tell(request, f"Nothing was changed in {row.code}.")
            return HttpResponseRedirect(request.path)
        mappings = save_rule(row, request.user, form.save, before=before)
        _tell_saved(request, row, mappings)
        return HttpResponseRedirect(reverse("mappings:transformation-edit", args=[row.pk]))


class TransformationTrial(Page):
    """A fragment: what the rule of the form, saved or not, and those that follow it make of ``sample``.

    ``rule`` is the key of a rule that is there; without a ``type`` it is tried as it is saved.
    """

    template_name = "mappings/transformation_tried.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        sample = self.request.GET.get("sample", "")
        try:
            return super().get_context_data(sample=sample, steps=try_rule(self._row(), sample), **extra)
        except SyncError as error:
            return super().get_context_data(sample=sample, reason=error.text, **extra)
        except _NotReady as error:
            return super().get_context_data(sample=sample, reason=str(error), **extra)

    def _row(self) -> TransformationRule:
        query = self.request.GET
        key = query.get("rule", "")
        rows = TransformationRule.objects.select_related("next_rule")
        row = rows.filter(pk=key_in(key)).first() if key else TransformationRule()
        if row is None:
            raise Http404
        if "type" not in query:
            if not row.pk:
                raise _NotReady("Choose a type first.")
            return row
        data = query.copy()
        data["seen"] = TransformationForm(instance=row).initial["seen"]
        data["code"] = row.code or query.get("code") or "NEW RULE"
        form = TransformationForm(data, instance=row)
        if not form.is_valid():
            raise _NotReady(" ".join(f"{form.fields[name].label or name}: {errors[0]}" for name, errors in form.errors.items()))
        return row


class _NotReady(ValueError):
    """The form is not complete; the text says what is missing."""


def _known_tables() -> list[tuple[str, str]]:
    """(name, label) of what both systems have said about their tables."""
    return list(SystemTable.objects.order_by("name").values_list("name", "label").distinct())


def _typed(query: QueryDict) -> dict[str, str]:
    """What a person has typed when the type is changed and the page asks for its parameters."""
    return {name: str(value) for name, value in query.items() if name != "seen"}


def _tell_saved(request: HttpRequest, row: TransformationRule, mappings: list[IntegrationTableMapping]) -> None:
    url = f"{reverse('mappings:change-log')}?{urlencode({'kind': 'transformation rule', 'name': row.code})}"
    tell(request, f"{row.code} was saved.", url=url, label="See what changed")
    for mapping in mappings:
        text = f"{mapping.name} uses it. What was synchronized before stays as it is until the record changes or everything is read."
        tell(request, text, url=f"{reverse('mappings:mapping-edit', args=[mapping.pk])}?changed=1", label="Read everything")
