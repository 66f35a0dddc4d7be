"""Addresses where everybody changes what is theirs, whatever their role."""

from __future__ import annotations

from django.urls import URLPattern, path

from mappings.views.users import OwnPassword

app_name = "mine"
urlpatterns: list[URLPattern] = [
    path("my-password/", OwnPassword.as_view(), name="password"),
]
