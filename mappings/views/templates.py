"""Templates for new records: the list, a template's page, and deleting."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse, reverse_lazy

from mappings.changes import changed_meanwhile, save_with_history
from mappings.filters import TemplateFilter
from mappings.first_steps import missing_mapping
from mappings.models import ConfigTemplate, IntegrationTableMapping
from mappings.models.template import TemplateSide
from mappings.tables import TemplateTable
from mappings.template_forms import ChooseForm, TemplateForms
from mappings.template_words import known_tables, table_for
from syncadmin.sync.records import Side
from syncadmin.ui.empty import Empty, NextStep, nothing_for
from syncadmin.ui.tables import ListTable
from syncadmin.ui.views import ListPage, Page, next_url, posted_keys, tell

_ALL = ConfigTemplate.objects.select_related("mapping__business_central", "mapping__sales")


class TemplateList(ListPage):
    title = "Config. Templates"
    noun = ("template", "templates")
    table_class = TemplateTable
    filter_class = TemplateFilter
    change_permission = "mappings.configure"
    actions_template = "mappings/template_actions.html"
    empty_text = "There is no template. A template gives values to the records that a mapping creates on one side."
    next_steps = (NextStep("New template", reverse_lazy("mappings:template-new"), change_permission),)

    def empty(self) -> Empty:
        missing = missing_mapping()
        return missing.so("no template has a mapping to be for") if missing else super().empty()

    def get_rows(self) -> QuerySet[Any]:
        return _ALL.order_by("mapping__order", "mapping__name", "side", "priority", "pk")

    def get_table(self, rows: QuerySet[Any]) -> ListTable:
        table = super().get_table(rows)
        table.known = known_tables(table.page.object_list.data)
        return table

    def act(self, request: HttpRequest) -> HttpResponse:
        """Deletes the ticked templates; the versions of their mappings keep them."""
        deleted = []
        with transaction.atomic():
            for template in _ALL.filter(pk__in=posted_keys(request, "template")):
                save_with_history(template.mapping, request.user, f"Template {template.code} deleted", partial(_delete, template))
                deleted.append(template.code)
        if deleted:
            tell(request, f"{', '.join(deleted)} {'was' if len(deleted) == 1 else 'were'} deleted.")
        return HttpResponseRedirect(next_url(request, request.path))


class TemplateEdit(Page):
    """With a key the template of that key; without one a new one for ``?mapping=`` and ``?side=``, which are asked for first."""

    template_name = "mappings/template_edit.html"
    change_permission = "mappings.configure"

    def template(self) -> ConfigTemplate | None:
        if "pk" in self.kwargs:
            return get_object_or_404(_ALL, pk=self.kwargs["pk"])
        chosen = ChooseForm(self.request.GET)
        if not chosen.is_valid():
            return None
        mapping: IntegrationTableMapping = chosen.cleaned_data["mapping"]
        return ConfigTemplate(mapping=mapping, side=chosen.cleaned_data["side"], priority=_next_priority(mapping))

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        forms = extra.pop("forms", None)
        template = forms.template if forms else self.template()
        if template is None:
            nothing = nothing_for(self.request.user, missing_mapping())
            choose = ChooseForm(initial=self.request.GET.dict())
            return super().get_context_data(title="New template", choose=choose, nothing=nothing, **extra)
        forms = forms or TemplateForms(template, _tables(template))
        may_change = self.request.user.has_perm(self.change_permission)
        if not may_change:
            _lock(forms)
        return super().get_context_data(
            title=template.code or "New template",
            template=template,
            side_label=TemplateSide(template.side).label,
            forms=forms,
            form=forms.form,
            may_change=may_change,
            back_url=reverse("mappings:template-list"),
            **extra,
        )

    def post(self, request: HttpRequest, **_kwargs: int) -> HttpResponse:
        template = self.template()
        if template is None:
            return HttpResponseRedirect(request.path)
        mapping, new = template.mapping, template.pk is None
        forms = TemplateForms(template, _tables(template), request.POST)
        if not forms.is_valid():
            return self.render_to_response(self.get_context_data(forms=forms))
        if forms.form.cleaned_data["seen_version"] != mapping.version:
            forms.form.add_error(None, changed_meanwhile(mapping))
            return self.render_to_response(self.get_context_data(forms=forms))
        what = f"Template {template.code}{' added' if new else ''}"
        save_with_history(mapping, request.user, what, template.save)
        tell(request, f"{template.code} was saved, {mapping.name} is version {mapping.version} now. Records that exist stay as they are.")
        return HttpResponseRedirect(reverse("mappings:template-edit", args=[template.pk]))


def _delete(template: ConfigTemplate) -> None:
    template.delete()


def _tables(template: ConfigTemplate) -> dict[Side, Any]:
    known = known_tables([template])
    side = Side(template.side)
    return {side: table_for(template, known, source=False), side.other: table_for(template, known, source=True)}


def _next_priority(mapping: IntegrationTableMapping) -> int:
    """A new template is tried after those that are there."""
    last = mapping.templates.order_by("-priority").values_list("priority", flat=True).first()
    return 0 if last is None else last + 1


def _lock(forms: TemplateForms) -> None:
    for form in (forms.form, *(one for _, _, formset in forms.lists for one in formset.forms)):
        for field in form.fields.values():
            field.disabled = True
