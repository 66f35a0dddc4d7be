"""Pages: a list page, and messages that link to what was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.utils.cache import patch_vary_headers
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.generic import TemplateView

from syncadmin.ui.empty import Empty, NextStep
from syncadmin.ui.exports import EXPORTS, TooManyRows
from syncadmin.ui.filter_pane import FilterPane, Pane
from syncadmin.ui.filters import ListFilter
from syncadmin.ui.grammar import Reading
from syncadmin.ui.models import PersonalSettings
from syncadmin.ui.presentation import current
from syncadmin.ui.tables import PAGE_SIZES, ListTable


class WrongFilter(ValueError):
    """The address has filters that make no sense, so nobody can say which rows are meant; the text says what is wrong with them."""


SCHEDULED = "scheduled"  # marks messages that a person may choose not to see any more


def tell(request: HttpRequest, text: str, *, url: str = "", label: str = "", level: int = messages.SUCCESS) -> None:
    """A message for the next page, with a link to what was made where ``url`` is given."""
    messages.add_message(request, level, format_html('{} <a href="{}">{}</a>', text, url, label) if url else text)


def tell_scheduled(request: HttpRequest, text: str, *, url: str, label: str = "Open the log", level: int = messages.SUCCESS) -> None:
    """A message that something will run in the background. Good news are for those who want to hear of them; the rest is always told."""
    settings = getattr(request.user, "personal_settings", None)
    if level == messages.SUCCESS and settings is not None and not settings.tell_scheduled:
        return
    tags = SCHEDULED if level == messages.SUCCESS else ""
    messages.add_message(request, level, format_html('{} <a href="{}">{}</a>', text, url, label), extra_tags=tags)


def next_url(request: HttpRequest, fallback: str) -> str:
    """Where a POST goes back to: its field ``next`` if that is an address of ours, else ``fallback``."""
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return wanted if safe else fallback


def key_in(text: str) -> int:
    """The key of ours that a request wrote, 0 where it is no number or larger than any key."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def posted_keys(request: HttpRequest, name: str) -> list[int]:
    """The keys of ours in a repeated field of a POST; whatever is no key is left out."""
    return [key for key in map(key_in, request.POST.getlist(name)) if key]


class Permitted(PermissionRequiredMixin):
    """Who may see the page, and who may change something on it (anything but GET and HEAD)."""

    request: HttpRequest
    permission: ClassVar[str] = "mappings.see"
    change_permission: ClassVar[str] = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except WrongFilter as error:
            tell(request, f"Nothing was started. {error}", level=messages.ERROR)
            return HttpResponseRedirect(next_url(request, request.get_full_path()))

    def get_permission_required(self) -> tuple[str, ...]:
        changes = self.request.method not in {"GET", "HEAD", "OPTIONS"}
        return (self.permission, self.change_permission) if changes and self.change_permission else (self.permission,)


class Page(Permitted, TemplateView):
    """A page with a title. Fragments that htmx asks for are rendered with ``fragment_template`` where one is set."""

    title: ClassVar[str] = ""
    fragment_template: ClassVar[str] = ""

    def get_title(self) -> str:
        return self.title

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        return super().get_context_data(**({"title": self.get_title()} | extra))

    def render_to_response(self, context: dict[str, Any], **options: Any) -> HttpResponse:
        response = super().render_to_response(context, **options)
        patch_vary_headers(response, ["HX-Request"])
        return response

    def get_template_names(self) -> list[str]:
        asked = getattr(self.request, "htmx", False)
        return [self.fragment_template] if self.fragment_template and asked else super().get_template_names()


class TablePage(Page):
    """A page with a table whose columns people choose: the choice and the order are kept with the person; ``?cols=a,b`` shows others
    this once."""

    table_class: ClassVar[type[ListTable]]

    def get_permission_required(self) -> tuple[str, ...]:
        return (self.permission,) if _chooses_columns(self.request) else super().get_permission_required()

    def post(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponseBase:
        return self.choose_columns(request) if _chooses_columns(request) else self.act(request)

    def act(self, request: HttpRequest) -> HttpResponseBase:  # noqa: ARG002
        """What a button of the action bar does that posts to the list itself; lists without such a button refuse."""
        return HttpResponseNotAllowed(["GET"])

    def layout_key(self) -> str:
        """What the choice of columns is kept under."""
        return self.table_class.key

    def choose_columns(self, request: HttpRequest) -> HttpResponse:
        """Keeps ``columns`` (repeated, in their order), or with ``reset`` goes back to those that were meant to show."""
        settings = own_settings(request)
        if "reset" in request.POST:
            settings.layouts.pop(self.layout_key(), None)
        else:
            settings.layouts[self.layout_key()] = request.POST.getlist("columns")
        settings.save(update_fields=["layouts"])
        query = request.GET.copy()
        query.pop("cols", None)  # of a saved view: it would hide what was just chosen
        return HttpResponseRedirect(f"{request.path}?{query.urlencode()}" if query else request.path)

    def chosen_columns(self) -> list[str] | None:
        """The columns that the address or the person asks for, in their order; None where nobody has chosen."""
        if asked := self.request.GET.get("cols"):
            return asked.split(",")
        settings = getattr(self.request.user, "personal_settings", None)
        return settings.layouts.get(self.layout_key()) if settings else None

    def reading(self) -> Reading:
        """How what this person types into filters is to be read."""
        return current().reading(user_name=self.request.user.get_username())


class ListPage(TablePage):
    """A list: title, count, action bar, filter bar, table, FactBox.

    ``noun`` is (one, many). ``actions_template`` holds the buttons, ``factbox_template`` what stands on the right at first,
    ``empty_text`` says what to do next when there is nothing, ``next_steps`` lead there. With ``live_seconds`` the list is fetched again
    that often.
    ``?export=csv`` and ``?export=xlsx`` give all rows of the current filter. ``views`` are ready-made (name, query); ``pane_fields`` are
    fields beside the columns that the filter pane offers, as name: (label, path).
    """

    template_name = "pages/list.html"
    fragment_template = "parts/list.html"
    filter_class: ClassVar[type[ListFilter] | None] = None
    noun: ClassVar[tuple[str, str]] = ("row", "rows")
    actions_template: ClassVar[str] = ""
    factbox_template: ClassVar[str] = ""
    empty_text: ClassVar[str] = "There is nothing here yet."
    next_steps: ClassVar[Sequence[NextStep]] = ()
    live_seconds: ClassVar[int] = 0
    views: ClassVar[tuple[tuple[str, str], ...]] = ()
    pane_fields: ClassVar[Mapping[str, tuple[str, str]]] = {}

    def get(self, request: HttpRequest, *_args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        context = self.get_context_data(**kwargs)
        export = EXPORTS.get(request.GET.get("export", ""))
        if export is None:
            return self.render_to_response(context)
        try:
            require_sense(context["filterset"], context["pane"])
            return export(context["table"], self.table_class.key or self.noun[1])
        except (TooManyRows, WrongFilter) as error:
            return not_exported(request, error)

    def get_rows(self) -> QuerySet[Any]:
        """All rows of the list, before filters. Everything a row shows is read here: no query per row."""
        raise NotImplementedError

    def empty(self) -> Empty:
        """What the page says where nothing is there and nothing is filtered; asked for only then."""
        return Empty(self.empty_text, self.next_steps)

    def matching(self) -> QuerySet[Any]:
        """All rows that fit the filters of the address, on all pages, however many: what a button does something with.

        Raises WrongFilter, which every view answers by saying that nothing was started.
        """
        found, filterset, pane = self._narrowed(whole=True)
        require_sense(filterset, pane)
        return found

    def _narrowed(self, *, whole: bool) -> tuple[QuerySet[Any], ListFilter | None, Pane | None]:
        rows = self.get_rows()
        pane = self.get_pane(rows, whole=whole)
        found = pane.apply_quick(rows) if pane else rows
        filterset = self.get_filterset(found, whole=whole)
        found = found if filterset is None else self.filtered(filterset)
        return pane.apply_slow(found) if pane else found, filterset, pane

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        found, filterset, pane = self._narrowed(whole=bool(self.request.GET.get("export")))
        table = self.get_table(found)
        narrowed = bool((filterset and filterset.narrowed) or (pane and pane.narrowed))
        nothing = Empty(self.empty_text) if narrowed or table.paginator.count else self.empty().seen_by(self.request.user)
        return super().get_context_data(
            table=table,
            filterset=filterset,
            pane=pane,
            narrowed=narrowed,
            remark=(filterset and filterset.remark) or (pane and pane.remark),
            views=self.views,
            total=table.paginator.told(*self.noun),
            page_sizes=PAGE_SIZES,
            actions_template=self.actions_template,
            factbox_template=self.factbox_template,
            empty_text=nothing.text,
            next_steps=nothing.steps,
            live_seconds=self.live_seconds,
            **extra,
        )

    def get_filterset(self, rows: Any, *, whole: bool = False) -> ListFilter | None:
        if self.filter_class is None:
            return None
        filterset = self.filter_class(self.request.GET, queryset=rows, request=self.request)
        filterset.newest = () if whole else self.table_class.newest
        return filterset

    def filtered(self, filterset: ListFilter) -> QuerySet[Any]:
        """A filter that makes no sense selects nothing and says why, instead of showing everything."""
        rows: QuerySet[Any] = filterset.qs if filterset.is_valid() else filterset.queryset.none()
        return rows

    def get_pane(self, rows: Any, *, whole: bool = False) -> Pane | None:
        """The filter pane; None for lists that are no query sets, unless the address asks for what they cannot do."""
        if not isinstance(rows, QuerySet):
            pane = Pane((), self.request.GET, self.reading())
            return pane if pane.unknown else None
        return FilterPane(self.table_class, rows, self.request.GET, self.reading(), self.pane_fields, whole=whole)

    def get_table(self, rows: QuerySet[Any]) -> ListTable:
        table, query = self.table_class(rows), self.request.GET
        chosen = self.chosen_columns()
        if chosen is not None:
            table.choose_columns(chosen)
        table.configure(request=self.request, sort=query.getlist("sort"), page=query.get("page", ""), per_page=query.get("per_page", ""))
        return table


def require_sense(filterset: ListFilter | None, pane: Pane | None) -> None:
    """Raises WrongFilter where a filter of the bar or of the pane makes no sense."""
    wrong = [str(one) for errors in filterset.errors.values() for one in errors] if filterset is not None else []
    wrong += pane.errors.values() if pane is not None else []
    if wrong:
        raise WrongFilter(" ".join(wrong))


def not_exported(request: HttpRequest, reason: Exception) -> HttpResponse:
    """Back to the list that was to be exported, with the reason why it was not."""
    query = request.GET.copy()
    query.pop("export", None)
    tell(request, f"Nothing was exported. {reason}", level=messages.ERROR)
    return HttpResponseRedirect(f"{request.path}?{query.urlencode()}")


def own_settings(request: HttpRequest) -> PersonalSettings:
    """The settings of the signed-in person, saved; made where there are none yet."""
    settings, _ = PersonalSettings.objects.get_or_create(user=cast("User", request.user))
    return settings


def _chooses_columns(request: HttpRequest) -> bool:
    return request.method == "POST" and request.POST.get("choose") == "columns"


def require(request: HttpRequest, permission: str) -> None:
    """Raises PermissionDenied unless this person has the permission."""
    if not request.user.has_perm(permission):
        raise PermissionDenied
