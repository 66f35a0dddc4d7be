"""The filter builder: one filter of a mapping in conditions, as text, and with the number of records inside and outside."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from mappings.changes import changed_meanwhile, save_with_history
from mappings.companies import COMPANY, OWN_OR_NONE
from mappings.filter_builder import SPARE, Built, from_rows, from_text, known_choices, value_choices
from mappings.filter_words import OPERATORS, Row
from mappings.filters_check import inside_and_outside
from mappings.forms import FILTERS
from mappings.models import IntegrationTableMapping
from mappings.systems import table_of
from mappings.views.mapping_edit import tell_saved
from syncadmin.sync.errors import RunError, SyncError
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Table
from syncadmin.ui.views import Page, tell

_COLUMN = {side: name for name, side in FILTERS.items()}
_TITLES = {Side.BUSINESS_CENTRAL: "Table Filter", Side.SALES: "Integration Table Filter"}
_LOST = f"This filter does not keep to this company any more. Add {OWN_OR_NONE} to it again, or tick below to save it all the same."


class FilterBuilder(Page):
    """Shows the saved filter. What an administrator sends with ``use`` (rows or text) is shown in its place; POST with ``save`` saves it,
    once its system has taken it. The fragment tells how many records are inside and outside."""

    change_permission = "mappings.configure"
    template_name = "mappings/filter_builder.html"
    fragment_template = "mappings/filter_counted.html"

    def mapping(self) -> IntegrationTableMapping:
        return get_object_or_404(IntegrationTableMapping.objects.select_related("business_central", "sales"), pk=self.kwargs["pk"])

    def side(self) -> Side:
        if self.kwargs["side"] not in set(Side):
            raise Http404
        return Side(self.kwargs["side"])

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        mapping, side = self.mapping(), self.side()
        table = _table(mapping, side)
        saved = str(getattr(mapping, _COLUMN[side]))
        may_change = self.request.user.has_perm(self.change_permission)
        sent = self.request.GET if may_change else {}
        built = extra.pop("built", None) or _built(sent.get("use", ""), sent, saved, table, side)
        return super().get_context_data(
            title=f"{_TITLES[side]} of {mapping.name}",
            mapping=mapping,
            system=mapping.business_central if side is Side.BUSINESS_CENTRAL else mapping.sales,
            table=table,
            built=built,
            may_change=may_change,
            lines=_lines(built.rows or (), table),
            operators=OPERATORS,
            fields=known_choices(table, built),
            loses_company=_loses_company(saved, built.text),
            **(_counted(mapping, side, built) if self._counts() else {}),
            **extra,
        )

    def _counts(self) -> bool:
        return bool(getattr(self.request, "htmx", False)) or "count" in self.request.POST

    def post(self, request: HttpRequest, **_kwargs: object) -> HttpResponse:
        mapping, side = self.mapping(), self.side()
        saved = str(getattr(mapping, _COLUMN[side]))
        use = request.POST.get("save") or request.POST.get("use", "rows")
        built = _built(use, request.POST, saved, _table(mapping, side), side)
        if "save" not in request.POST:
            return self.render_to_response(self.get_context_data(built=built))
        if problem := _why_not(request, mapping, side, built, saved):
            return self.render_to_response(self.get_context_data(built=built, problem=problem))
        if built.text == saved:
            tell(request, f"The {_TITLES[side]} of {mapping.name} is what it was.")
            return HttpResponseRedirect(reverse("mappings:mapping-edit", args=[mapping.pk]))
        try:
            save_with_history(mapping, request.user, _TITLES[side], lambda: _save(mapping, side, built), seen=mapping.version)
        except RunError as error:
            return self.render_to_response(self.get_context_data(built=built, problem=error.text))
        tell_saved(request, mapping)
        return HttpResponseRedirect(f"{reverse('mappings:mapping-edit', args=[mapping.pk])}?changed=1")


def _built(use: str, sent: Any, saved: str, table: Table, side: Side) -> Built:
    text = sent.get("text", saved)
    return from_rows(sent, table, side, before=text) if use == "rows" else from_text(text, table, side)


def _table(mapping: IntegrationTableMapping, side: Side) -> Table:
    """The table whose fields are filtered by. A set of options has no filter; one that was never read has no fields yet."""
    if side is Side.SALES and mapping.is_option_mapping:
        raise Http404
    try:
        return table_of(mapping, side)
    except RunError:
        name = mapping.table if side is Side.BUSINESS_CENTRAL else mapping.integration_table
        return Table(name=name, label=name, key="", modified_on="")


def _lines(rows: tuple[Row, ...], table: Table) -> list[dict[str, Any]]:
    """The filled lines and some spare ones, each with the values to choose from."""
    values = value_choices(table, rows)
    filled = [{"row": row, "values": values.get(row.field, ())} for row in rows]
    return [*filled, *({"row": Row("", "eq", ""), "values": ()} for _ in range(SPARE))]


def _counted(mapping: IntegrationTableMapping, side: Side, built: Built) -> dict[str, Any]:
    if built.problem:
        return {"reason": built.problem, "refused": True}
    try:
        inside, outside = inside_and_outside(mapping, side, built.text)
    except SyncError as error:
        return {"reason": error.text, "refused": error.code == "bad-filter"}
    return {"inside": inside, "outside": outside, "counted": True}


def _why_not(request: HttpRequest, mapping: IntegrationTableMapping, side: Side, built: Built, saved: str) -> str:
    """Why the filter is not saved, "" where it is."""
    if request.POST.get("seen_version") != str(mapping.version):
        return changed_meanwhile(mapping)
    if built.problem:
        return built.problem
    if _loses_company(saved, built.text) and "other_companies_accepted" not in request.POST:
        return _LOST
    try:
        inside_and_outside(mapping, side, built.text)
    except SyncError as error:
        return error.text
    return ""


def _loses_company(saved: str, text: str) -> bool:
    return COMPANY in saved and COMPANY not in text


def _save(mapping: IntegrationTableMapping, side: Side, built: Built) -> None:
    name = _COLUMN[side]
    setattr(mapping, name, built.text)
    setattr(mapping, f"{name}_text", built.words if len(built.words) <= 250 else "")
    mapping.save(update_fields=[name, f"{name}_text"])
