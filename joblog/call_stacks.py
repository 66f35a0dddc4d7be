"""Call stacks of failed records: the same one is kept once, however many records failed there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from joblog.models import CallStack, SynchEntry

_TEXT, _DIGEST = "call_stack", "stack"  # in the detail of an entry


class CallStacks:
    """Those of one job; what it has kept already is not asked for again."""

    def __init__(self) -> None:
        self._kept: set[str] = set()

    def keep(self, entries: Iterable[SynchEntry]) -> None:
        """Puts a digest in the place of each call stack, and saves what is new; one statement, and none where nothing is new."""
        found: dict[str, str] = {}
        for entry in entries:
            if text := entry.detail.get(_TEXT):
                digest = blake2b(text.encode(), digest_size=16).hexdigest()
                found[digest] = text
                entry.detail = {name: value for name, value in entry.detail.items() if name != _TEXT} | {_DIGEST: digest}
        new = sorted(found.keys() - self._kept)  # in one order, so that two jobs never wait for each other
        if new:
            CallStack.objects.bulk_create([CallStack(digest=one, text=found[one]) for one in new], ignore_conflicts=True)
            self._kept.update(new)


def call_stack_of(detail: Mapping[str, Any]) -> str:
    """The call stack that the detail of an entry tells of; "" for none."""
    if digest := detail.get(_DIGEST):
        return CallStack.objects.filter(digest=digest).values_list("text", flat=True).first() or ""
    return str(detail.get(_TEXT, ""))
