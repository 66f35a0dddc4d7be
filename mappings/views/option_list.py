"""Option Mappings: all pairs, edited in place, and what of both systems has no pair."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import messages
from django.db import IntegrityError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from mappings.edit_tables import OptionTable
from mappings.filters import OptionFilter
from mappings.first_steps import DEFAULT_SETUP, missing_systems
from mappings.models import IntegrationTableMapping, OptionMapping
from mappings.option_choices import choices_of, code_tables, knows_codes, look_up, uses_of_options
from mappings.option_forms import PairFormSet, pair_forms
from syncadmin.ui.edit_views import EditPage
from syncadmin.ui.empty import Empty
from syncadmin.ui.views import Page, key_in, tell

CHANGED_MEANWHILE = "Somebody else has changed these pairs while you were here. They are shown as they are now; repeat your change."
_KEY = re.compile(r"form-\d+-id")


class OptionList(EditPage):
    title = "Option Mappings"
    template_name = "mappings/option_list.html"
    fragment_template = "mappings/option_rows.html"
    change_permission = "mappings.configure"
    noun = ("pair", "pairs")
    table_class = OptionTable
    filter_class = OptionFilter
    empty_text = (
        "There is no pair of a code and a choice. The default synchronization setup makes the usual option mappings with their pairs."
    )
    next_steps = (DEFAULT_SETUP,)
    about_new = (
        "The last row adds a pair. A caption that is left blank is taken from the choice in Sales. Several codes may have the same value: "
        "the first of them is the one that comes back from Sales."
    )
    new_called = "New pair"

    def empty(self) -> Empty:
        missing = missing_systems()
        return missing.so("no code has a choice to go with") if missing else super().empty()

    def get_rows(self) -> QuerySet[Any]:
        return OptionMapping.objects.all()

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        context, name = super().get_context_data(**extra), self.name()
        uses = uses_of_options().get(name, [])
        choices = list(choices_of(uses).items())
        names = context["filterset"].names
        return context | {
            "seen": {"seen": context["rows"].seen} if context["rows"] is not None else {},
            "suggestions": {"option-mappings": [(one, "") for one in names], "choices": choices},
            "name": name,
            "names": names,
            "uses": uses,
            "synchronized_by": _option_mappings(name),
        }

    def name(self) -> str:
        """The option mapping that the page is about, "" for all."""
        return self.request.GET.get("name", "")

    def forms_of(self, keys: list[int]) -> PairFormSet:
        new = {field: self.request.GET.get(field, "") for field in ("name", "code", "value")}
        return _forms(None, keys, initial=[new])

    def called(self, form: Any) -> str:
        return f"{form.instance.name} {form.initial['code']}"

    def act(self, request: HttpRequest) -> HttpResponse:
        # Without the initial values the browser's new row is compared with an empty one, and counts as new.
        rows = _forms(request.POST, [key_in(request.POST[name]) for name in request.POST if _KEY.fullmatch(name)], initial=None)
        if request.POST.get("seen") != rows.seen:
            return self.render_to_response(self.get_context_data(refused=CHANGED_MEANWHILE))
        if not rows.is_valid():
            return self.render_to_response(self.get_context_data(rows=rows))
        try:
            names = rows.save_pairs(request.user)
        except IntegrityError:
            return self.render_to_response(self.get_context_data(refused=CHANGED_MEANWHILE))
        _tell_saved(request, names)
        query = request.GET.copy()
        for filled_in in ("code", "value"):
            query.pop(filled_in, None)
        return HttpResponseRedirect(f"{request.path}?{query.urlencode()}" if query else request.path)


def _forms(data: Any, keys: list[int], *, initial: Any) -> PairFormSet:
    rows: Any = pair_forms
    made: PairFormSet = rows(data, queryset=OptionMapping.objects.filter(pk__in=keys), initial=initial)
    return made


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
