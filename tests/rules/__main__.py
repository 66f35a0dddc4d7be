"""Prints every rule of the engine, section by section, with the tests that prove it: ``python -m tests.rules [words]``.

Words (of an id, or of the text) leave only the rules that contain all of them.
"""

from __future__ import annotations

import sys

from tests.rules.catalogue import GROUPS
from tests.rules.markers import Proof, by_rule, proofs


def listing(groups: dict[str, dict[str, str]], proved: dict[str, list[Proof]], words: tuple[str, ...] = ()) -> str:
    chosen = {title: {name: gist for name, gist in rules.items() if _has(f"{name} {gist}", words)} for title, rules in groups.items()}
    count = sum(len(rules) for rules in chosen.values())
    tested = sum(name in proved for rules in chosen.values() for name in rules)
    lines = [f"{count} rules, {count - tested} without a test"]
    for title, rules in chosen.items():
        if rules:
            lines += ["", title, *(line for name, gist in rules.items() for line in _rule(name, gist, proved.get(name, [])))]
    return "\n".join(lines)


def _rule(name: str, gist: str, tests: list[Proof]) -> list[str]:
    shown = [f"      {one.path}::{one.test}" for one in tests]
    return [f"  {name}  {gist}", *(shown or ["      no test yet"])]


def _has(text: str, words: tuple[str, ...]) -> bool:
    return all(word.casefold() in text.casefold() for word in words)


if __name__ == "__main__":
    sys.stdout.write(listing(GROUPS, by_rule(proofs()), tuple(sys.argv[1:])) + "\n")
