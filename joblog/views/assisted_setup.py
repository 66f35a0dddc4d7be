"""Assisted Setup (the wizard of page 7200): what is done, what comes next."""

from __future__ import annotations

from typing import Any

from joblog.assisted_setup import steps
from syncadmin.ui.views import Page


class AssistedSetup(Page):
    title = "Assisted Setup"
    template_name = "joblog/assisted_setup.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        found = steps()
        following = next((step for step in found if not step.done), None)
        done = sum(step.done for step in found)
        return super().get_context_data(steps=found, following=following, done=done, **extra)
