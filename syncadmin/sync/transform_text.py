"""Transformation rules that cut and change plain text. Functions raise ValueError for a text that they cannot take."""

from __future__ import annotations

import re
from collections.abc import Mapping

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def title_case(text: str) -> str:
    """Every word with a capital letter first and small ones after it, as .NET does: ``O'NEIL-SMITH`` is ``O'neil-Smith``."""
    return _WORD.sub(lambda word: word[0].capitalize(), text)


def alphanumeric_only(text: str) -> str:
    """Letters and digits of any language."""
    return "".join(character for character in text if character.isalnum())


def substring(parameters: Mapping[str, str], text: str) -> str:
    """By position (the first character is 1), or what stands between two texts; blank where a text is not found."""
    if parameters.get("start_position"):
        start = int(parameters["start_position"]) - 1
        length = parameters.get("length")
        return text[start : start + int(length)] if length else text[start:]
    starting, ending = parameters.get("starting_text", ""), parameters.get("ending_text", "")
    _, found, rest = text.partition(starting) if starting else ("", "yes", text)
    if not found:
        return ""
    between, found, _ = rest.partition(ending) if ending else (rest, "yes", "")
    return between if found else ""


def check_substring(parameters: Mapping[str, str]) -> dict[str, str]:
    positions = [name for name in ("start_position", "length") if parameters.get(name)]
    texts = [name for name in ("starting_text", "ending_text") if parameters.get(name)]
    if positions and texts:
        return {texts[0]: "Use either positions or texts, not both."}
    if not positions and not texts:
        return {"start_position": "Give a start position, or a starting or an ending text."}
    wrong = {name: "A whole number from 1 on." for name in positions if not _positive(parameters[name])}
    if positions and not parameters.get("start_position"):
        wrong["start_position"] = "A length needs a start position."
    return wrong


def check_replace(parameters: Mapping[str, str]) -> dict[str, str]:
    return {} if parameters.get("find") else {"find": "Say what is replaced."}


def _positive(text: str) -> bool:
    return text.isdecimal() and len(text) < 6 and int(text) > 0
