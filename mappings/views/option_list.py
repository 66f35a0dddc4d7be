"""Option Mappings: all pairs, edited in place, and what of both systems has no pair."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from mappings.filters import OptionFilter
from mappings.models import IntegrationTableMapping, OptionMapping
from mappings.option_choices import choices_of, code_tables, knows_codes, look_up, uses_of_options
from mappings.option_forms import HEADINGS, PairFormSet, pair_forms
from syncadmin.ui.formatting import count
from syncadmin.ui.views import Page, tell

CHANGED_MEANWHILE = "Somebody else has changed these pairs while you were here. They are shown as they are now; repeat your change."


class OptionList(Page):
    title = "Option Mappings"
    template_name = "mappings/option_list.html"
    fragment_template = "mappings/option_rows.html"
    change_permission = "mappings.configure"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        filterset = OptionFilter(self.request.GET, queryset=OptionMapping.objects.all(), request=self.request)
        rows: PairFormSet = extra.pop("rows", None) or self.rows(filterset)
        may_change = self.request.user.has_perm(self.change_permission)
        if not may_change:
            _lock(rows)
        name = self.name()
        uses = uses_of_options()
        return super().get_context_data(
            rows=rows,
            filterset=filterset,
            headings=[heading for _, heading in HEADINGS],
            may_change=may_change,
            total=f"{count(len(rows.get_queryset()))} pair{'' if len(rows.get_queryset()) == 1 else 's'}",
            name=name,
            names=filterset.names,
            uses=uses.get(name, []),
            choices=choices_of(uses.get(name, [])).items(),
            synchronized_by=_option_mappings(name),
            **extra,
        )

    def name(self) -> str:
        """The option mapping that the page is about, "" for all."""
        return self.request.GET.get("name", "")

    def rows(self, filterset: OptionFilter, data: Any = None) -> PairFormSet:
        chosen = filterset.qs if filterset.is_valid() else OptionMapping.objects.none()
        new = {field: self.request.GET.get(source, "") for field, source in (("name", "name"), ("code", "code"), ("value", "value"))}
        # Without the initial values the browser's new row is compared with an empty one, and counts as new.
        rows: Any = pair_forms
        made: PairFormSet = rows(data, queryset=chosen, initial=None if data else [new])
        return made

    def post(self, request: HttpRequest) -> HttpResponse:
        filterset = OptionFilter(request.GET, queryset=OptionMapping.objects.all(), request=request)
        rows = self.rows(filterset, request.POST)
        if request.POST.get("seen") != rows.seen:
            return self.render_to_response(self.get_context_data(refused=CHANGED_MEANWHILE))
        if not rows.is_valid():
            return self.render_to_response(self.get_context_data(rows=rows))
        try:
            names = rows.save_pairs(request.user)
        except IntegrityError:
            return self.render_to_response(self.get_context_data(refused=CHANGED_MEANWHILE))
        _tell_saved(request, names)
        return HttpResponseRedirect(f"{request.path}?{urlencode({'name': self.name()})}" if self.name() else request.path)


class OptionLookUp(Page):
    """A fragment: the codes and the choices without a pair, asked of both systems live."""

    template_name = "mappings/option_look_up.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        name, table = self.request.GET.get("name", ""), self.request.GET.get("table", "")
        uses = uses_of_options(name).get(name, []) if name else []
        asks_table = bool(name) and not knows_codes(name, uses)
        return super().get_context_data(
            name=name,
            table=table,
            tables=code_tables() if asks_table else [],
            found=look_up(name, table) if name else None,
            may_change=self.request.user.has_perm("mappings.configure"),
            **extra,
        )


def _option_mappings(name: str) -> list[IntegrationTableMapping]:
    """The mappings that keep codes and options of these pairs alike, one for each company."""
    if not name:
        return []
    rows = IntegrationTableMapping.objects.filter(name=name, integration_table__contains=".")
    return list(rows.select_related("business_central").order_by("business_central"))


def _tell_saved(request: HttpRequest, names: list[str]) -> None:
    if not names:
        tell(request, "Nothing was changed in the option mappings.", level=messages.INFO)
        return
    url = f"{reverse('mappings:change-log')}?{urlencode({'kind': 'option mapping', 'name': names[0]})}"
    tell(request, f"{', '.join(names)} {'was' if len(names) == 1 else 'were'} saved.", url=url, label="See what changed")
    errors = f"{reverse('joblog:errors')}?{urlencode({'code': 'unknown-option'})}"
    tell(request, "Records that failed because a pair was missing can be retried now.", url=errors, label="Show them", level=messages.INFO)


def _lock(rows: PairFormSet) -> None:
    for form in rows.forms:
        for field in form.fields.values():
            field.disabled = True
