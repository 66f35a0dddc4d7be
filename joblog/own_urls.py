"""Addresses where everybody sees and changes what is theirs, whatever their role."""

from __future__ import annotations

from django.urls import URLPattern, path

from joblog.views.notices import Bell, MarkRead, OwnNotices

app_name = "own"
urlpatterns: list[URLPattern] = [
    path("notices/", OwnNotices.as_view(), name="notices"),
    path("notices/bell/", Bell.as_view(), name="bell"),
    path("notices/read/", MarkRead.as_view(), name="read"),
]
