"""The rules of the engine as one list: group by group, an id and what can be observed."""

from __future__ import annotations

from tests.rules import decisions_01_17, decisions_18_26, sections_01_09, sections_10_22, sections_21_23

GROUPS: dict[str, dict[str, str]] = {
    **decisions_01_17.GROUPS,
    **decisions_18_26.GROUPS,
    **sections_01_09.GROUPS,
    **sections_10_22.GROUPS,
    **sections_21_23.GROUPS,
}
"""Title of the group ("A1. ...", "5. ...") -> id of the rule ("5.4.to") -> gist. Every id begins with the number of its group."""

RULES: dict[str, str] = {name: gist for rules in GROUPS.values() for name, gist in rules.items()}
"""Id -> gist, over all groups."""

OPEN: frozenset[str] = decisions_01_17.OPEN | decisions_18_26.OPEN | sections_01_09.OPEN | sections_10_22.OPEN | sections_21_23.OPEN
"""Rules that nobody tests yet. To be emptied, never to be added to."""
