"""Users & Roles: who may sign in and do what, and everybody's own password."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from mappings.changes import keep_change
from mappings.filters import UserFilter
from mappings.tables import UserTable
from mappings.user_forms import OwnPasswordForm, UserForm
from mappings.users import SUPERUSER, LastAdministratorError, people, role_of, save_user, set_active
from syncadmin.ui.views import ListPage, Page, next_url, posted_keys, tell


class UserList(ListPage):
    title = "Users & Roles"
    noun = ("user", "users")
    table_class = UserTable
    filter_class = UserFilter
    permission = "mappings.configure"
    actions_template = "mappings/user_actions.html"

    def get_rows(self) -> QuerySet[Any]:
        return people()

    def act(self, request: HttpRequest) -> HttpResponse:
        """Lets the ticked people sign in again, or no more. Nobody locks themselves out."""
        active, keys = "activate" in request.POST, posted_keys(request, "user")
        if request.user.pk in keys and not active:
            tell(request, "You cannot deactivate yourself.", level=messages.ERROR)
        elif not _may_change(request, User.objects.filter(pk__in=keys)):
            raise PermissionDenied
        else:
            _switch(request, keys, active=active)
        return HttpResponseRedirect(next_url(request, request.path))


class UserEdit(Page):
    """With a key the person of that key, without one somebody new."""

    template_name = "mappings/user_edit.html"
    permission = "mappings.configure"

    def row(self) -> User:
        return get_object_or_404(people(), pk=self.kwargs["pk"]) if "pk" in self.kwargs else User()

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        me = cast("User", self.request.user)
        form = extra.pop("form", None) or UserForm(instance=self.row(), me=me)
        row = people().get(pk=form.instance.pk) if form.instance.pk else form.instance
        may_change = role_of(row) != SUPERUSER or me.is_superuser
        if not may_change:
            form.lock()
        return super().get_context_data(
            title=row.username or "New user",
            form=form,
            row=row,
            role=role_of(row) or "No role",
            me=row.pk == me.pk,
            may_change=may_change,
            back_url=reverse("mappings:user-list"),
            **extra,
        )

    def post(self, request: HttpRequest, **_kwargs: int) -> HttpResponse:
        row = self.row()
        if row.pk and not _may_change(request, User.objects.filter(pk=row.pk)):
            raise PermissionDenied
        form = UserForm(request.POST, instance=row, me=cast("User", request.user))
        if form.is_valid():
            try:
                save_user(row, form.cleaned_data.get("role"), request.user, form.save)
            except LastAdministratorError as refusal:
                form.add_error(None, str(refusal))
            else:
                tell(request, f"{row.username} was saved.")
                return HttpResponseRedirect(reverse("mappings:user-list"))
        return self.render_to_response(self.get_context_data(form=form))


class OwnPassword(Page):
    """Everybody's own password; other devices where the person is signed in are signed out."""

    title = "Change My Password"
    template_name = "pages/form.html"
    permission = "mappings.see"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        form = extra.pop("form", None) or OwnPasswordForm(cast("User", self.request.user))
        return super().get_context_data(form=form, may_change=True, back_url=reverse("ui:my-settings"), **extra)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = OwnPasswordForm(cast("User", request.user), request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        form.save()
        update_session_auth_hash(request, form.user)
        keep_change(request.user, kind="user", name=request.user.get_username(), what="Own password")
        tell(request, "Your password was changed. Everywhere else you are signed out.")
        return HttpResponseRedirect(reverse("ui:my-settings"))


def _may_change(request: HttpRequest, rows: QuerySet[User]) -> bool:
    return bool(getattr(request.user, "is_superuser", False)) or not rows.filter(is_superuser=True).exists()


def _switch(request: HttpRequest, keys: list[int], *, active: bool) -> None:
    try:
        names = set_active(keys, request.user, active=active)
    except LastAdministratorError as refusal:
        tell(request, str(refusal), level=messages.ERROR)
        return
    if names:
        word = "may sign in again" if active else "cannot sign in any more"
        tell(request, f"{', '.join(names)} {word}.")
