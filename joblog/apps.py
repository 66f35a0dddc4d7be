from __future__ import annotations

from django.apps import AppConfig


class JoblogConfig(AppConfig):
    name = "joblog"
    verbose_name = "What ran, and how it went"

    def ready(self) -> None:
        from joblog.captions import teach_all

        teach_all()
