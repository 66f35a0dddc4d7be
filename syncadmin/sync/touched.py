"""What became of each record of a page, and where a run stands: all that a journal keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from syncadmin.sync.couplings import CouplingState
from syncadmin.sync.records import Action, Change
from syncadmin.sync.values import moment


@dataclass(frozen=True, kw_only=True)
class Touched:
    """One record that the run dealt with.

    ``coupling`` is the state to keep (None: leave it alone), ``uncouple`` removes it instead. ``intended`` is what a SENDING entry becomes
    when the answer is good. ``detail`` is JSON for people: the conflicts, the template that won.
    """

    source_key: str
    source_label: str
    action: Action
    destination_key: str = ""
    destination_label: str = ""
    intended: Action | None = None
    changes: tuple[Change, ...] = ()
    code: str = ""
    text: str = ""
    fields: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    coupling: CouplingState | None = None
    uncouple: bool = False


RETRY, EXPLICIT, WINDOW, DONE = "retry", "explicit", "window", "done"


@dataclass(frozen=True)
class Cursor:
    """Where a run goes on: its phase, how far it is in it, and what it has seen of the source's stamps.

    ``reached`` is the last coupling id of the retry set or the number of explicit keys done, ``link`` continues the window, ``newest`` is
    the newest stamp read, ``cap`` the source's clock when the window was opened.
    """

    phase: str = RETRY
    reached: int = 0
    link: str = ""
    newest: datetime | None = None
    cap: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "phase": self.phase,
            "reached": self.reached,
            "link": self.link,
            "newest": self.newest.isoformat() if self.newest else None,
            "cap": self.cap.isoformat() if self.cap else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Cursor:
        """The cursor that :meth:`to_json` gave; an empty mapping is the beginning."""
        return cls(
            phase=data.get("phase", RETRY),
            reached=data.get("reached", 0),
            link=data.get("link", ""),
            newest=moment(data["newest"]) if data.get("newest") else None,
            cap=moment(data["cap"]) if data.get("cap") else None,
        )
