"""Addresses of the mappings app."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.views.generic import RedirectView

from mappings.views.change_log import ChangeLog
from mappings.views.mapping_list import MappingFactBox, MappingList

app_name = "mappings"
urlpatterns: list[URLPattern] = [
    path("", RedirectView.as_view(pattern_name="mappings:mapping-list"), name="home"),
    path("mappings/", MappingList.as_view(), name="mapping-list"),
    path("mappings/<int:pk>/", MappingFactBox.as_view(), name="mapping-edit"),
    path("mappings/<int:pk>/fields/", MappingFactBox.as_view(), name="field-list"),
    path("mappings/<int:pk>/factbox/", MappingFactBox.as_view(), name="mapping-factbox"),
    path("change-log/", ChangeLog.as_view(), name="change-log"),
]
