"""Transformation Rules: the list, and deleting what is not used."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse_lazy

from mappings.filters import TransformationFilter
from mappings.models import IntegrationFieldMapping, TransformationRule
from mappings.tables import TransformationTable
from mappings.transformation_changes import delete_rules
from syncadmin.ui.empty import NextStep
from syncadmin.ui.views import ListPage, next_url, posted_keys, tell


class TransformationList(ListPage):
    title = "Transformation Rules"
    noun = ("rule", "rules")
    table_class = TransformationTable
    filter_class = TransformationFilter
    change_permission = "mappings.configure"
    actions_template = "mappings/transformation_actions.html"
    empty_text = "There is no transformation rule. A rule changes a text on its way between two mapped fields."
    next_steps = (NextStep("New transformation rule", reverse_lazy("mappings:transformation-new"), "mappings.configure"),)

    def get_rows(self) -> QuerySet[Any]:
        uses = IntegrationFieldMapping.objects.filter(transformation_rule=OuterRef("code")).order_by().values("transformation_rule")
        used = Coalesce(Subquery(uses.annotate(number=Count("pk")).values("number")), 0, output_field=IntegerField())
        return TransformationRule.objects.select_related("next_rule").annotate(used=used)

    def act(self, request: HttpRequest) -> HttpResponse:
        """Deletes the ticked rules that nothing uses, and says of the others what does."""
        numbers = posted_keys(request, "rule")
        deleted, reasons = delete_rules(numbers, request.user)
        for reason in reasons:
            tell(request, reason, level=messages.WARNING)
        if deleted:
            tell(request, f"{', '.join(deleted)} {'was' if len(deleted) == 1 else 'were'} deleted.")
        return HttpResponseRedirect(next_url(request, request.path))
