"""Secrets at rest: Fernet with the newest key first, so that keys can be changed without downtime."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def encrypt(text: str) -> str:
    """The text as it may be stored; "" stays ""."""
    return _cipher().encrypt(text.encode()).decode() if text else ""


def decrypt(stored: str) -> str:
    """The text behind :func:`encrypt`; raises ImproperlyConfigured when none of the configured keys fits."""
    if not stored:
        return ""
    try:
        return _cipher().decrypt(stored.encode()).decode()
    except InvalidToken as error:
        raise ImproperlyConfigured(
            "A stored secret cannot be read: none of the keys in SYNCADMIN_ENCRYPTION_KEYS is the one it was saved with."
        ) from error


def _cipher() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])
