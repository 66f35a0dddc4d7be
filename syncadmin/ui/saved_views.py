"""Views of lists that people keep: filters, sorting and columns under a name, for themselves or for everybody."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.views import View

from syncadmin.ui.models import SavedView
from syncadmin.ui.views import Page, Permitted, next_url, tell

_PASSING = ("page", "link", "export", "add", "cols", "changed")  # parts of an address that belong to the moment, not to the view


class NameTakenError(ValueError):
    """Somebody else shares a view of this name."""


class ViewForm(forms.Form):
    """``query`` and ``columns`` (comma-separated) are what the page shows now."""

    name = forms.CharField(max_length=60)
    shared = forms.BooleanField(required=False)
    query = forms.CharField(required=False, max_length=4000)
    columns = forms.CharField(required=False, max_length=2000)


class ViewsOfList(Page):
    """The part of the Views menu with what was saved: own views and shared ones."""

    title = "Views"
    template_name = "parts/saved_views.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        rows = _visible(self.request, self.kwargs["list_key"]).select_related("owner")
        views = [(view, address(view), view.owner_id == self.request.user.pk) for view in rows]
        return super().get_context_data(saved_views=views, back=self.request.GET.get("back", ""), **extra)


class SaveView(Permitted, View):
    """Keeps a view; one of the same name and owner is replaced. Sharing is for those who operate."""

    def post(self, request: HttpRequest, list_key: str) -> HttpResponse:
        form = ViewForm(request.POST)
        back = HttpResponseRedirect(next_url(request, "/"))
        if not form.is_valid():
            tell(request, "The view was not saved: give it a name of at most 60 characters.", level=messages.ERROR)
            return back
        try:
            tell(request, _save(request, list_key, form.cleaned_data))
        except NameTakenError as error:
            tell(request, str(error), level=messages.ERROR)
        return back


class DeleteView(Permitted, View):
    """Deletes a view of one's own; an Administrator also those that others have shared."""

    def post(self, request: HttpRequest, list_key: str, pk: int) -> HttpResponse:
        mine = Q(owner=request.user.pk)
        allowed = mine | Q(shared=True) if request.user.has_perm("mappings.configure") else mine
        view = SavedView.objects.filter(allowed, pk=pk, list_key=list_key).first()
        if view is None:
            raise Http404
        view.delete()
        tell(request, f"The view “{view.name}” is deleted.")
        return HttpResponseRedirect(next_url(request, "/"))


def address(view: SavedView) -> str:
    """The query that shows the list as it was saved."""
    columns = urlencode({"cols": ",".join(view.columns)}) if view.columns else ""
    return "?" + "&".join(part for part in (view.query, columns) if part)


def _visible(request: HttpRequest, list_key: str) -> Any:
    return SavedView.objects.filter(Q(owner=request.user.pk) | Q(shared=True), list_key=list_key)


def _save(request: HttpRequest, list_key: str, data: dict[str, Any]) -> str:
    """Saves, and says what that did to an earlier view of the same name. Raises NameTakenError."""
    shared, name = data["shared"] and request.user.has_perm("mappings.operate"), data["name"]
    named = SavedView.objects.filter(list_key=list_key, name=name)
    if shared and named.filter(shared=True).exclude(owner=request.user.pk).exists():
        raise NameTakenError(f"Somebody else shares a view “{name}” already. Choose another name.")
    query = QueryDict(data["query"].removeprefix("?"), mutable=True)
    for part in _PASSING:
        query.pop(part, None)
    columns = [column for column in data["columns"].split(",") if column]
    owner: User = request.user  # type: ignore[assignment]
    earlier = named.filter(owner=owner).first()
    values = {"shared": shared, "query": query.urlencode(), "columns": columns}
    SavedView.objects.update_or_create(list_key=list_key, owner=owner, name=name, defaults=values)
    if earlier is None:
        return f"The view “{name}” is saved."
    unshared = " It is not shared any more." if earlier.shared and not shared else ""
    return f"The view “{name}” is saved in place of your earlier one.{unshared}"
