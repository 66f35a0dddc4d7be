"""Addresses of the mappings app."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "mappings"
urlpatterns: list[URLPattern] = []
