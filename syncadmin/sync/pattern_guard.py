"""Refuses regular expressions that could take for ever. Python's have no time limit, so this is decided when a pattern is saved.

Two things make matching slow: a repeated group whose inside can match one text in several ways (exponential), and several endless
repetitions in a row that can all eat the same characters (each one multiplies the ways to share them).
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

LONGEST_PATTERN = 250
_ENDLESS = 10  # a repetition that may go on so often counts as endless
_WAYS = 250  # of an endless repetition to share the longest text that rules take with two others like it
_MOST_WAYS = _WAYS**3  # tried in a fraction of a second
_MOST_ATOMS = 1000

_TOKEN = re.compile(
    r"""
    (?P<ignored> \(\?\#[^)]*\) | \(\?[aimsu]+\) | \\[AbBZ] | [$^] )
  | (?P<atom> \\. | \[\^?\]?(?:\\.|[^\]\\])*\] )
  | (?P<group> \((?:(?!\?)|\?(?:P?<[A-Za-z_]\w*>|<?[=!]|>|[aimsu]*(?:-[ims]+)?:)) )
  | (?P<unknown> \(\? )
  | (?P<close> \) )
  | (?P<repetition> (?:[*+?]|\{\d*,\d*\}|\{\d+\})[?+]? )
  | (?P<choice> \| )
  | (?P<character> . )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class _Atom:
    """One character of the text, ``source`` says which ("" any); ``least`` and ``most`` how many of them."""

    source: str
    least: int = 1
    most: int = 1

    @property
    def ways(self) -> int:
        return _WAYS if self.most >= _ENDLESS and self.least != self.most else self.most - self.least + 1

    def eats(self, character: str) -> bool:
        return not self.source or re.fullmatch(self.source, character, re.IGNORECASE | re.DOTALL) is not None


@dataclass
class _Group:
    atoms: list[_Atom] = field(default_factory=list)
    choice: bool = False
    last: int = 1  # how many atoms the next repetition is about
    just_closed: bool = False

    def add(self, atoms: Iterable[_Atom], *, closed: bool = False) -> None:
        new = list(atoms)
        self.atoms += new
        self.last, self.just_closed = len(new), closed

    @property
    def ambiguous(self) -> bool:
        return self.choice or any(one.least != one.most for one in self.atoms)

    def flat(self) -> list[_Atom]:
        """Of alternatives each may be left out."""
        return [replace(one, least=0) for one in self.atoms] if self.choice else self.atoms

    def repeat(self, least: int, most: int, ambiguous: bool) -> None:
        begin = len(self.atoms) - self.last
        about = self.atoms[begin:]
        if self.just_closed and ambiguous and most >= _ENDLESS:
            raise ValueError(
                "A repeated group that holds a repetition or a choice itself can take for ever. Write it without the inner one."
            )
        if not self.just_closed:
            about = [replace(one, least=one.least * least, most=one.most * most) for one in about]
        elif most >= _ENDLESS:
            about = [_Atom("", min(least, 1), most)]
        elif len(about) * most > _MOST_ATOMS:
            raise ValueError("Repetitions inside one another can take for ever. Write fewer of them.")
        else:
            about = [replace(one, least=min(one.least, least)) for one in about] * max(most, 1)
        self.atoms[begin:] = about
        self.last = len(about)


def guard(pattern: str) -> None:
    """Raises ValueError, with what to write instead, for a pattern that could take for ever; ``pattern`` must be one that compiles."""
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"A pattern has at most {LONGEST_PATTERN} characters.")
    atoms = _atoms(pattern)
    characters = sorted({*string.printable, *pattern, "é"})
    if max(_ways(atoms, one, anchored=pattern.startswith(("^", "\\A"))) for one in characters) > _MOST_WAYS:
        raise ValueError(
            "Several repetitions can match the same characters here, which can take for ever. Write what stands between separators "
            "as [^-]* instead of .*, begin with ^, or use two rules, one after the other."
        )


def _atoms(pattern: str) -> list[_Atom]:
    groups, ambiguous = [_Group()], False
    for found in _TOKEN.finditer(pattern):
        kind, token, group = found.lastgroup, found[0], groups[-1]
        if kind == "unknown":
            raise ValueError(f"{pattern[found.start() : found.start() + 4]}… is not supported here.")
        if kind == "group":
            groups.append(_Group())
        elif kind == "close" and len(groups) > 1:
            closed = groups.pop()
            ambiguous = closed.ambiguous
            groups[-1].add(closed.flat(), closed=True)
        elif kind == "choice":
            group.choice = True
        elif kind == "repetition":
            group.repeat(*_bounds(token), ambiguous)
        elif kind != "ignored":
            group.add([_atom(token)])
    return groups[0].flat()


def _atom(token: str) -> _Atom:
    if re.fullmatch(r"\\[1-9]", token):
        return _Atom("", 0, _ENDLESS)  # what a group has matched, of any length
    return _Atom(token)


def _bounds(token: str) -> tuple[int, int]:
    if token[0] != "{":
        return {"*": (0, _ENDLESS), "+": (1, _ENDLESS), "?": (0, 1)}[token[0]]
    low, comma, high = token[1 : token.index("}")].partition(",")
    least = int(low or 0)
    return (least, int(high or _ENDLESS + least)) if comma else (least, least)


def _ways(atoms: list[_Atom], character: str, *, anchored: bool) -> int:
    """In how many ways repetitions in a row can share a text of nothing but this character; where the match begins is one choice too."""
    most = ways = 1 if anchored else _WAYS
    for one in atoms:
        if one.eats(character):
            ways *= one.ways
        elif one.least:
            ways = 1
        most = max(most, ways)
    return most
