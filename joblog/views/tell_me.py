"""What "Tell me" finds beside pages and actions: records, mappings and jobs by number or name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from joblog.addresses import record_url, with_query
from joblog.models import SynchJob
from mappings.models import Coupling, IntegrationTableMapping
from mappings.models.coupling_names import Folded, begins_with, shown_label, shown_name
from syncadmin.sync.records import Side
from syncadmin.ui.filters import LONGEST_SEARCH
from syncadmin.ui.formatting import count
from syncadmin.ui.paging import LIMIT, newest_of
from syncadmin.ui.views import Page, key_in

SHOWN = 8  # records; whoever wants more narrows the words or opens the list
_REMARK = f"Words in the middle of a name were looked for in the newest {count(LIMIT)} couplings."
_SHORTEST = 2
_TOO_LONG = f"Nothing was looked for: type at most {LONGEST_SEARCH} characters."


@dataclass(frozen=True)
class Find:
    label: str
    url: str
    kind: str


class TellMe(Page):
    """``?q=`` are the words. Records are those that are coupled; the others are looked for on the lists of their mappings."""

    title = "Tell Me"
    template_name = "joblog/tell_me.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        text = self.request.GET.get("q", "").strip()
        asked = (len(text) >= _SHORTEST or text.isdecimal()) and len(text) <= LONGEST_SEARCH
        mappings = list(IntegrationTableMapping.objects.order_by("order", "name")) if asked else []
        records, remark = _records(text) if asked else ([], _TOO_LONG if len(text) > LONGEST_SEARCH else "")
        parts = [("Records", records), ("Mappings and jobs", [*_mappings(text, mappings), *_jobs(text)])] if asked else []
        searches = [Find(f"Search {mapping.name} for “{text}”", _search_url(mapping, text), "Records") for mapping in _tables(mappings)]
        return super().get_context_data(parts=[part for part in parts if part[1]], searches=searches, remark=remark, **extra)


def _records(text: str) -> tuple[list[Find], str]:
    """Records whose number or name begins so, by index; then those of the newest that have all the words, and the remark on that."""
    rows = Coupling.objects.select_related("mapping").defer("baseline", "mapping__table_filter", "mapping__integration_table_filter")
    found = [one for named in (shown_label(), shown_name()) for one in _beginning(rows, Folded(named), text)]
    remark = ""
    if len({one.pk for one in found}) < SHOWN:
        newest, more = newest_of(rows, ("-pk",))
        remark = _REMARK if more else ""
        for word in text.split():
            newest = newest.filter(Q(bc_number__istartswith=word) | Q(bc_label__icontains=word) | Q(sales_label__icontains=word))
        found += newest.order_by("-pk")[:SHOWN]
    shown = list({one.pk: one for one in found}.values())[:SHOWN]
    return [Find(one.bc_label or one.sales_label, _coupling_url(one), one.mapping.name) for one in shown], remark


def _beginning(rows: QuerySet[Coupling], named: Folded, text: str) -> QuerySet[Coupling]:
    return rows.annotate(named=named).filter(begins_with("named", text)).order_by("named")[:SHOWN]


def _coupling_url(coupling: Coupling) -> str:
    """The record that exists: what is pending has no counterpart yet."""
    if coupling.bc_key and coupling.pending != "FromIntegrationTable":
        return record_url(coupling.mapping_id, Side.BUSINESS_CENTRAL, coupling.bc_key)
    return record_url(coupling.mapping_id, Side.SALES, coupling.sales_key)


def _mappings(text: str, mappings: list[IntegrationTableMapping]) -> list[Find]:
    words = text.casefold().split()
    fitting = [
        row for row in mappings if all(word in f"{row.name} {row.table_label} {row.integration_table_label}".casefold() for word in words)
    ]
    return [Find(row.name, reverse("mappings:mapping-edit", args=[row.pk]), "Integration table mapping") for row in fitting[:SHOWN]]


def _jobs(text: str) -> list[Find]:
    number = key_in(text.lower().removeprefix("job").strip().lstrip("#"))
    if not number:
        return []
    found = SynchJob.objects.filter(pk=number).only("id", "mapping_name", "type")
    return [Find(f"Job {job.pk} · {job.mapping_name}", reverse("joblog:job", args=[job.pk]), job.get_type_display()) for job in found]


def _tables(mappings: list[IntegrationTableMapping]) -> list[IntegrationTableMapping]:
    return [row for row in mappings if row.enabled and not row.is_option_mapping]


def _search_url(mapping: IntegrationTableMapping, text: str) -> str:
    return with_query(reverse("joblog:record-list", args=[mapping.pk]), {"q": text})
