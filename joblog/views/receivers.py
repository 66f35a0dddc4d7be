"""Where the two systems tell of changes. Open to the world: only a secret that both sides know lets a POST do anything.

Nothing is sent from here, nothing of the payload but names of tables and keys is used, and every answer comes at once.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from joblog.heard_changes import hear
from joblog.models import SystemWatch, WatchedTable
from joblog.told_changes import execution_context, notifications
from mappings.models import SystemKind

log = logging.getLogger(__name__)

_LARGEST = 4 * 1024 * 1024
_LONGEST_TOKEN = 2048
SECRET_HEADER = "X-Sync-Admin-Secret"  # noqa: S105 (its name)


@method_decorator([csrf_exempt, login_not_required], name="dispatch")
class Receiver(View):
    """One system's address. 404 for a system that there is not, 403 without the secret, 400 for what cannot be read, 413 for too much."""

    http_method_names = ["post"]
    kind: SystemKind

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        watch = SystemWatch.objects.select_related("system").filter(system=pk, system__kind=self.kind).first()
        if watch is None:
            return HttpResponse(status=404)
        body = request.read(_LARGEST + 1)
        if len(body) > _LARGEST:
            return HttpResponse(status=413)
        return HttpResponse(status=self.heard(request, watch, body))

    def heard(self, request: HttpRequest, watch: SystemWatch, body: bytes) -> int:
        """The status of the answer."""
        raise NotImplementedError


class BusinessCentralReceiver(Receiver):
    """Notifications of Business Central, and the handshake before it subscribes (web-apis.md section 6)."""

    kind = SystemKind.BUSINESS_CENTRAL

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        token = request.GET.get("validationToken", "")
        if not token:
            return super().post(request, pk)
        known = len(token) <= _LONGEST_TOKEN and SystemWatch.objects.filter(system=pk, system__kind=self.kind).exists()
        return HttpResponse(token, content_type="text/plain; charset=utf-8") if known else HttpResponse(status=404)

    def heard(self, request: HttpRequest, watch: SystemWatch, body: bytes) -> int:  # noqa: ARG002
        document = _json(body)
        if document is None:
            return 400
        secret = watch.secret
        told = notifications(document, company=watch.system.company_id.lower(), is_ours=lambda state: _same(state, secret))
        if told is None:
            log.warning("a notification for %s without its secret was refused", watch.system)
            return 403
        hear(watch.system, told)
        return 202


class SalesReceiver(Receiver):
    """Execution contexts of Dataverse; the secret comes as ``code`` in the query or in a header (web-apis.md section 3)."""

    kind = SystemKind.SALES

    def heard(self, request: HttpRequest, watch: SystemWatch, body: bytes) -> int:
        given = request.headers.get(SECRET_HEADER) or request.GET.get("code", "")
        if not _same(given, watch.secret):
            log.warning("a webhook call for %s without its secret was refused", watch.system)
            return 403
        tables = dict(WatchedTable.objects.filter(system=watch.system).exclude(type_name="").values_list("type_name", "name"))
        try:
            told = execution_context(_json(body), tables=tables)
        except ValueError:
            return 400
        hear(watch.system, told)
        return 202


def _same(given: str, secret: str) -> bool:
    return bool(secret) and constant_time_compare(given.encode(errors="replace"), secret)  # JSON can write what is no text


def _json(body: bytes) -> Any:
    """The document; None for what is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
