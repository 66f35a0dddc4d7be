from __future__ import annotations

from django.apps import AppConfig


class JoblogConfig(AppConfig):
    name = "joblog"
    verbose_name = "What ran, and how it went"
