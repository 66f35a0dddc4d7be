"""For machines that watch over the installation: whether it works, and its figures (commands.md section 4)."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.views import View

from joblog.metrics import CONTENT_TYPE, exposition
from joblog.models import Worker


@method_decorator(login_not_required, name="dispatch")
class Health(View):
    """200 while the database answers and a worker gave a sign of life lately, else 503 with the reason and no more."""

    def get(self, request: HttpRequest) -> JsonResponse:  # noqa: ARG002
        reason = trouble()
        answer = {"status": "unavailable", "reason": reason} if reason else {"status": "ok"}
        return JsonResponse(answer, status=503 if reason else 200, headers={"Cache-Control": "no-store"})


@method_decorator(login_not_required, name="dispatch")
class Metrics(View):
    """Prometheus text for who brings the token of SYNCADMIN_METRICS_TOKEN; without that setting there is no such page."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if not settings.METRICS_TOKEN:
            return HttpResponse(status=404)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not constant_time_compare(token.strip(), settings.METRICS_TOKEN):
            return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
        return HttpResponse(exposition(), content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def trouble() -> str:
    """Why no work is done; "" when all is well."""
    alive = timezone.now() - timedelta(seconds=settings.STALE_SECONDS)
    try:
        worker = Worker.objects.filter(stopped_at=None, heartbeat_at__gt=alive).exists()
    except (DatabaseError, InterfaceError):
        return "the database does not answer"
    return "" if worker else "no worker has been seen lately"
