"""Addresses of what a person keeps: settings and views of lists."""

from __future__ import annotations

from django.urls import path

from syncadmin.ui import personal, saved_views

app_name = "ui"
urlpatterns = [
    path("my-settings/", personal.MySettings.as_view(), name="my-settings"),
    path("my-settings/hide-scheduled/", personal.HideScheduled.as_view(), name="hide-scheduled"),
    path("views/<slug:list_key>/", saved_views.ViewsOfList.as_view(), name="views"),
    path("views/<slug:list_key>/save/", saved_views.SaveView.as_view(), name="save-view"),
    path("views/<slug:list_key>/<int:pk>/delete/", saved_views.DeleteView.as_view(), name="delete-view"),
]
