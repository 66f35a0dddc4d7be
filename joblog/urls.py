"""Addresses of the joblog app."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "joblog"
urlpatterns: list[URLPattern] = []
