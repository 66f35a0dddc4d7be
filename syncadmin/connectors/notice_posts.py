"""Posting a notice to an address that an administrator has entered: signed, followed nowhere, and not to where only this machine gets."""

from __future__ import annotations

import hashlib
import hmac
import socket
import time
from ipaddress import ip_address
from urllib.parse import urlsplit

from syncadmin.connectors.http import Http, Limits, Repeat
from syncadmin.sync.errors import RetryLater, RunError

SIGNATURE = "X-Sync-Admin-Signature"
_LIMITS = Limits(connect=5, read=10, retries=0)


def post_notice(url: str, body: bytes, *, secret: str = "", local: bool = False) -> int:
    """The status of the answer, below 300; its body is never looked at.

    With ``secret`` the post is signed: ``t=<seconds>,v1=<HMAC-SHA256 of "<seconds>." and the body, in hexadecimal digits>``. ``local``
    allows this machine itself. Raises RunError ``address`` for an address that may not be called, RetryLater and LostAnswer where it may be
    tried again.
    """
    _check(url, local=local)
    headers = {"Content-Type": "application/json", "User-Agent": "Sync-Admin"}
    if secret:
        headers[SIGNATURE] = signature(body, secret, int(time.time()))
    http = Http("The receiver of the notice", limits=_LIMITS)
    try:
        answer = http.send("POST", url, repeat=Repeat.REFUSED, headers=headers, body=body)
    finally:
        http.close()
    if not answer.ok:
        raise RetryLater(f"The receiver answered with HTTP {answer.status}.", seconds=60)
    return answer.status


def signature(body: bytes, secret: str, seconds: int) -> str:
    """What a receiver computes to compare."""
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def check_address(url: str) -> str:
    """Why an address cannot be one for notices, "" when it can; asks nobody."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "This is no address."
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or port == 0:
        return "An address such as https://example.com/hook is expected, without user name."
    return ""


def _check(url: str, *, local: bool) -> None:
    reason = check_address(url)
    if reason:
        raise RunError("address", reason)
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or (443 if parts.scheme == "https" else 80), type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise RetryLater(f"{parts.hostname} is not known: {error}.", seconds=60) from error
    for _, _, _, _, place in found:
        if not _may_be_called(str(place[0]), local=local):
            raise RunError(
                "address", f"{parts.hostname} is {place[0]}, which belongs to this machine or its network equipment. It is not called."
            )


def _may_be_called(text: str, *, local: bool) -> bool:
    """Private networks may: the installation stands in one. Metadata services, multicast and, unless allowed, loopback may not."""
    place = ip_address(text.partition("%")[0])
    place = getattr(place, "ipv4_mapped", None) or place
    if place.is_loopback:
        return local
    return not (place.is_link_local or place.is_multicast or place.is_unspecified or place.is_reserved)
