"""What every page shows of the job queue."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from joblog.pauses import open_pause


def queue_pause(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``queue_pause`` is the pause that has not ended, asked for where a whole page is rendered for somebody."""
    user = getattr(request, "user", None)
    return {"queue_pause": SimpleLazyObject(open_pause)} if user is not None and user.is_authenticated else {}
