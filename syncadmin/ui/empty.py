"""What a page says that has nothing to show: what is missing, and what this person may do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

_WHO = {"mappings.configure": "an administrator", "mappings.operate": "an operator"}


@dataclass(frozen=True)
class NextStep:
    """A link to the page where it goes on, for those who have ``permission``; lazy addresses will do."""

    label: str
    url: Any
    permission: str = "mappings.see"


@dataclass(frozen=True)
class Empty:
    """``text`` says what is missing and what to do, ``steps`` lead there."""

    text: str
    steps: Sequence[NextStep] = ()

    def seen_by(self, user: Any) -> Empty:
        """With the steps alone that this person may take; who may take none of them is told who does."""
        allowed = [step for step in self.steps if user.has_perm(step.permission)]
        who = "" if allowed or not self.steps else _WHO.get(self.steps[0].permission, "")
        return replace(self, text=f"{self.text} That is for {who} to do." if who else self.text, steps=allowed)


@dataclass(frozen=True)
class Missing:
    """Something without which a page stays empty: the fact ("No system is connected yet"), what to do, and where."""

    fact: str
    remedy: str
    steps: Sequence[NextStep] = ()

    def so(self, consequence: str = "") -> Empty:
        """The empty page, with what follows from the fact for this page ("there is no error")."""
        return Empty(f"{self.fact}, so {consequence}. {self.remedy}" if consequence else f"{self.fact}. {self.remedy}", self.steps)


def nothing_for(user: Any, missing: Missing | None, consequence: str = "") -> Empty | None:
    """What a page says in place of a form that nobody could fill in (``parts/nothing.html``); None where nothing is missing."""
    return missing.so(consequence).seen_by(user) if missing else None
