"""Connections (page 7200): the systems, their access, and a test of one named check after the other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views import View

from mappings.changes import keep_change
from mappings.connection_checks import BAD, checks_of, keep_result, run_check
from mappings.connection_forms import ConnectionForm, new_system
from mappings.exchange import systems_to_json
from mappings.first_steps import missing_systems
from mappings.models import IntegrationTableMapping, OwnershipModel, System
from mappings.ownership import choose_ownership
from mappings.tables import ConnectionTable
from syncadmin.ui.empty import Empty
from syncadmin.ui.presentation import current
from syncadmin.ui.views import ListPage, Page, Permitted, tell

WARNED_BEFORE = timedelta(days=30)


class ConnectionList(ListPage):
    title = "Connections"
    noun = ("connection", "connections")
    table_class = ConnectionTable
    actions_template = "mappings/connection_actions.html"

    def empty(self) -> Empty:
        missing = missing_systems()
        return missing.so() if missing else super().empty()

    def get_rows(self) -> QuerySet[Any]:
        """With the number of mappings that use each."""
        mappings = Count("mappings", distinct=True) + Count("sales_mappings", distinct=True)
        return System.objects.annotate(mapping_count=mappings)


class ConnectionEdit(Page):
    """With a key the system of that key, without one a new system of the kind in the address."""

    template_name = "mappings/connection_edit.html"
    change_permission = "mappings.configure"

    def row(self, *, locked: bool = False) -> System:
        """``locked`` until the end of the transaction, so that of two who save at once the second one sees what the first has saved."""
        if "pk" in self.kwargs:
            rows = System.objects.select_for_update() if locked else System.objects.all()
            return get_object_or_404(rows, pk=self.kwargs["pk"])
        try:
            return new_system(self.kwargs["kind"])
        except ValueError as error:
            raise Http404 from error

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        form = extra.pop("form", None) or ConnectionForm(instance=self.row())
        may_change = self.request.user.has_perm(self.change_permission)
        if not may_change:
            form.lock()
        row = form.instance
        return super().get_context_data(
            title=System.objects.get(pk=row.pk).name if row.pk else f"New connection to {row.kind_label}",
            form=form,
            row=row,
            checks=checks_of(row),
            expiry=expiry_of(row),
            **_mappings_of(row),
            may_change=may_change,
            back_url=reverse("mappings:connection-list"),
            **extra,
        )

    def post(self, request: HttpRequest, **_kwargs: Any) -> HttpResponse:
        with transaction.atomic():
            row = self.row(locked=True)
            before = _plain(row)
            form = ConnectionForm(request.POST, instance=row)
            if form.is_valid() and form.changed_data:
                self._save(form, before)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        if not form.changed_data:
            tell(request, f"Nothing was changed in {row.name}.")
            return HttpResponseRedirect(request.path)
        tell(request, f"The connection {row.name} is saved. Test it now.")
        return HttpResponseRedirect(reverse("mappings:connection-edit", args=[row.pk]))

    def _save(self, form: ConnectionForm, before: dict[str, Any] | None) -> None:
        row, user = form.save(), self.request.user
        keep_change(user, kind="system", name=row.name, what=_what(form, before), before=before, after=_plain(row))
        if form.cleaned_data.get("ownership"):
            choose_ownership(row, OwnershipModel(form.cleaned_data["ownership"]), user)


class ConnectionTest(Permitted, View):
    """A fragment: the result of one check, and the next one waiting. ``check`` names it; ``failed`` gathers what did not hold."""

    permission = "mappings.operate"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = get_object_or_404(System, pk=pk)
        names = [name for name, _ in checks_of(row)]
        name = request.POST.get("check") or names[0]
        if name not in names:
            raise Http404
        found = run_check(row, name)
        failed = [*request.POST.getlist("failed"), *([found.label] if found.state == BAD else [])]
        following = names[names.index(name) + 1 :]
        if not following:
            keep_result(row, [label for _, label in checks_of(row) if label in failed])
        ahead = [(one, label) for one, label in checks_of(row) if one in following]
        context = {"row": row, "found": found, "failed": failed, "ahead": ahead}
        return render(request, "mappings/connection_checked.html", context)


class ConnectionDelete(Permitted, View):
    """Deletes a system that no mapping uses."""

    permission = "mappings.configure"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        with transaction.atomic():
            row = get_object_or_404(System.objects.select_for_update(), pk=pk)  # no mapping begins to use it meanwhile
            used = list(_users(row))
            if not used:
                before = _plain(row)
                row.delete()
                keep_change(request.user, kind="system", name=row.name, what="Deleted", before=before)
        if used:
            text = f"{row.name} was not deleted: {len(used)} mappings use it ({', '.join(used[:5])}). Uncouple and delete them first."
            tell(request, text, level=messages.ERROR)
            return HttpResponseRedirect(reverse("mappings:connection-edit", args=[pk]))
        tell(request, f"The connection {row.name} is deleted.")
        return HttpResponseRedirect(reverse("mappings:connection-list"))


def _mappings_of(row: System) -> dict[str, Any]:
    """What can be run from the page of a system: its enabled mappings, and that of salespeople."""
    if not row.pk:
        return {}
    mappings = IntegrationTableMapping.objects.filter(Q(business_central=row) | Q(sales=row), enabled=True, parent_name="")
    found = list(mappings.only("id", "name").order_by("order", "name"))
    return {"running": found, "salespeople": next((one for one in found if one.name == "SALESPEOPLE"), None)}


def expiry_of(row: System) -> tuple[str, str]:
    """(tone, words) about the end of the secret or certificate; blank where it is far or not known."""
    ends = row.credential_expires_on
    what = "certificate" if row.encrypted_certificate else "client secret"
    if ends is None or ends > timezone.localdate() + WARNED_BEFORE:
        return "", ""
    if ends < timezone.localdate():
        return "bad", f"The {what} has expired on {current().day(ends)}. Make a new one in Microsoft Entra and store it here."
    return "warn", f"The {what} expires on {current().day(ends)}. Make a new one in Microsoft Entra and store it here before."


def _users(row: System) -> Any:
    return IntegrationTableMapping.objects.filter(Q(business_central=row) | Q(sales=row)).values_list("name", flat=True)


def _plain(row: System) -> dict[str, Any] | None:
    """The saved system as it is exported, without secrets."""
    return next((one for one in systems_to_json() if row.pk and one["name"] == System.objects.get(pk=row.pk).name), None)


def _what(form: ConnectionForm, before: dict[str, Any] | None) -> str:
    if before is None:
        return "Connected"
    return ", ".join(str(form.fields[name].label or name.replace("_", " ")) for name in form.changed_data)
