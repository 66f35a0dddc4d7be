"""Signing in: a person comes with their settings, and goes back to the page that they were on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

_NOTHING_DONE = "Your session had ended, so nothing was done. Sign in and do it once more."


class PersonBackend(ModelBackend):
    """Reads the settings together with the user of a session, in one statement."""

    def get_user(self, user_id: int) -> User | None:
        user = User.objects.select_related("personal_settings").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None


class SignInMiddleware(LoginRequiredMiddleware):
    """Asks strangers to sign in. Who pressed a button when their session had ended comes back to the page with the button: most
    addresses that take a command show nothing."""

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., Any]) -> HttpResponseRedirect:
        if request.method in {"GET", "HEAD", "OPTIONS"}:
            return super().handle_no_permission(request, view_func)
        messages.warning(request, _NOTHING_DONE)
        return redirect_to_login(_came_from(request), resolve_url(self.get_login_url(view_func)), self.get_redirect_field_name(view_func))


def _came_from(request: HttpRequest) -> str:
    """The address of ours that the browser was on, the start page where it does not tell."""
    referer = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(referer, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return "/"
    parts = urlsplit(referer)
    return parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
