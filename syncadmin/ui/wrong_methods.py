"""Addresses that carry out an action, opened as if they were pages: a page of ours says so, in place of the browser's empty one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import render

from syncadmin.ui.navigation import Item, navigation


class WrongMethodMiddleware:
    """People get a page with a way back, with the same status and ``Allow``; scripts of a page and other programs the bare answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        return _told(request, response) if isinstance(response, HttpResponseNotAllowed) and _is_person(request) else response


def _is_person(request: Any) -> bool:
    return request.user.is_authenticated and not request.htmx and request.accepts("text/html")


def _told(request: HttpRequest, bare: HttpResponseNotAllowed) -> HttpResponse:
    context = {"opened": request.method in {"GET", "HEAD"}, "page": _page_above(request)}
    answer = render(request, "405.html", context, status=bare.status_code)
    answer.headers["Allow"] = bare.headers["Allow"]
    return answer


def _page_above(request: HttpRequest) -> Item | None:
    """The page of the menu below whose address this one is, as far as this person may see one."""
    items = [item for _, items in navigation(request)["menu"] for item in items]
    return max((item for item in items if request.path.startswith(item.url)), key=lambda item: len(item.url), default=None)
