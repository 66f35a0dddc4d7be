"""Addresses that need no sign-in: all that is open to the world stands here."""

from __future__ import annotations

from django.urls import URLPattern, path

from joblog.views.health import Health, Metrics
from joblog.views.receivers import BusinessCentralReceiver, SalesReceiver

app_name = "open"
urlpatterns: list[URLPattern] = [
    path("healthz", Health.as_view(), name="health"),
    path("metrics", Metrics.as_view(), name="metrics"),
    path("changes/business-central/<int:pk>/", BusinessCentralReceiver.as_view(), name="business-central"),
    path("changes/sales/<int:pk>/", SalesReceiver.as_view(), name="sales"),
]
