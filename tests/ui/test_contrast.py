"""Every colour of words can be read on what lies behind it, light and dark (WCAG AA: 4.5 to 1; edges of fields 3 to 1)."""

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[2] / "static/css/tokens.css"
WORDS = [
    *((ink, ground) for ink in ("ink", "ink-soft", "ink-faint", "accent") for ground in ("paper", "desk", "raised", "hover")),
    *((f"{tone}", f"{tone}-soft") for tone in ("accent", "bad", "warn", "good")),
    *((ink, "accent-soft") for ink in ("ink", "ink-soft", "accent")),
    *((tone, "paper") for tone in ("bad", "good", "warn")),
    ("ink", "bad-soft"),
    ("ink", "warn-soft"),
    ("ink-soft", "grey-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("on-bar", "bar"),
]


def colours():
    pairs = re.findall(r"--([\w-]+): (?:light-dark\((#\w{6}), (#\w{6})\)|(#\w{6}));", TOKENS.read_text())
    return {name: (light or both, dark or both) for name, light, dark, both in pairs}


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("words", "ground"), WORDS)
def test_words_can_be_read(words, ground, scheme):
    known = colours()
    assert contrast(known[words][scheme], known[ground][scheme]) >= 4.5


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_edges_of_fields_are_seen(scheme):
    known = colours()
    assert contrast(known["edge"][scheme], known["paper"][scheme]) >= 3
