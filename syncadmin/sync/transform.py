"""Transformation rules: what happens to a text on its way, in chains (engine.md section 22)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from syncadmin.sync import transform_dates, transform_numbers, transform_patterns, transform_text
from syncadmin.sync.errors import RecordError


class RuleType(StrEnum):
    """The types of Business Central, in its order."""

    UPPERCASE = "Uppercase"
    LOWERCASE = "Lowercase"
    TITLE_CASE = "Title Case"
    TRIM = "Trim"
    SUBSTRING = "Substring"
    REPLACE = "Replace"
    PATTERN_REPLACE = "Regular Expression - Replace"
    ALPHANUMERIC_ONLY = "Remove Non-Alphanumeric Characters"
    DATE = "Date Formatting"
    DECIMAL = "Decimal Formatting"
    PATTERN_MATCH = "Regular Expression - Match"
    CUSTOM = "Custom"
    DATE_TIME = "Date and Time Formatting"
    FIELD_LOOKUP = "Field Lookup"
    ROUND = "Round"
    EXTRACT_FROM_DATE = "Extract From Date"
    UNIX_TIMESTAMP = "Unixtimestamp"


class IfBlank(StrEnum):
    """What a Field Lookup gives when the target is blank or nothing is found."""

    TARGET = "Target"
    ORIGINAL = "Original If Target Is Blank"


Parameters = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """``parameters`` are those of :data:`PARAMETERS`, as texts; ``next`` is the code of the rule that takes the result, or "".

    ``pairs`` are what a Field Lookup looks up, source (see :func:`lookup_key`) -> target; ``function`` is what a Custom rule calls: text
    in, text out, ValueError for a text that it cannot take.
    """

    code: str
    type: RuleType
    parameters: Parameters = field(default_factory=dict)
    next: str = ""
    pairs: Mapping[str, str] = field(default_factory=dict)
    function: Callable[[str], str] | None = None


@dataclass(frozen=True)
class Step:
    """One rule of a chain and the text that it gave."""

    code: str
    text: str


def apply(rules: Mapping[str, Rule], code: str, text: str) -> str:
    """The text after the rule and all that follow it; raises RecordError ``bad-value`` or ``unknown-transformation``."""
    done = steps(rules, code, text)
    return done[-1].text if done else text


def steps(rules: Mapping[str, Rule], code: str, text: str) -> list[Step]:
    """What every rule of the chain gave, in order; it ends early where nothing is left to transform. Raises as :func:`apply`."""
    done: list[Step] = []
    for rule in chain(rules, code):
        if not text:
            break
        text = _applied(rule, text)
        done.append(Step(rule.code, text))
    return done


def chain(rules: Mapping[str, Rule], code: str) -> list[Rule]:
    """The rule and those that follow it; raises RecordError ``unknown-transformation`` for a missing rule and for a circle."""
    found: dict[str, Rule] = {}
    while code:
        if code in found:
            raise RecordError("unknown-transformation", f"The transformation rules {' → '.join([*found, code])} run in a circle.")
        if code not in rules:
            raise RecordError("unknown-transformation", f"There is no transformation rule {code}.")
        found[code] = rules[code]
        code = rules[code].next
    return list(found.values())


def check(rule: Rule) -> dict[str, str]:
    """What is wrong with the parameters of a rule, by name; empty when it can work. Neither chains nor systems are looked at."""
    names = set(rule.parameters) - set(PARAMETERS[rule.type])
    unknown = dict.fromkeys(names, f"A rule of type {rule.type.value} has no such parameter.")
    return unknown | (_CHECKS[rule.type](rule.parameters) if rule.type in _CHECKS else {})


def lookup_key(text: str) -> str:
    """How a Field Lookup compares: without letter case and blanks around, as both systems find records."""
    return text.strip().casefold()


def _applied(rule: Rule, text: str) -> str:
    try:
        return _FUNCTIONS[rule.type](rule, text)
    except ValueError as error:
        shown = text if len(text) <= 60 else f"{text[:59]}…"
        raise RecordError("bad-value", f"The transformation rule {rule.code} cannot take {shown}: {error}") from error


def _looked_up(rule: Rule, text: str) -> str:
    found = rule.pairs.get(lookup_key(text), "")
    return text if not found and rule.parameters.get("if_blank") == IfBlank.ORIGINAL else found


def _custom(rule: Rule, text: str) -> str:
    if rule.function is None:
        raise ValueError(f"the function {rule.parameters.get('name', '')} is not installed.")
    return rule.function(text)


def _check_lookup(parameters: Parameters) -> dict[str, str]:
    names = ("system", "table", "source_field", "target_field")
    missing = {name: "Say where the value is looked up." for name in names if not parameters.get(name)}
    known = parameters.get("if_blank") in set(IfBlank)
    return missing if known else missing | {"if_blank": f"Choose one of: {', '.join(IfBlank)}."}


def _check_custom(parameters: Parameters) -> dict[str, str]:
    return {} if parameters.get("name") else {"name": "Choose a function."}


_DATE = ("format", "culture")

PARAMETERS: dict[RuleType, tuple[str, ...]] = dict.fromkeys(RuleType, ()) | {
    RuleType.SUBSTRING: ("start_position", "length", "starting_text", "ending_text"),
    RuleType.REPLACE: ("find", "replace"),
    RuleType.PATTERN_REPLACE: ("pattern", "replace"),
    RuleType.PATTERN_MATCH: ("pattern",),
    RuleType.DATE: _DATE,
    RuleType.DATE_TIME: _DATE,
    RuleType.DECIMAL: ("culture",),
    RuleType.FIELD_LOOKUP: ("system", "table", "source_field", "target_field", "if_blank"),
    RuleType.ROUND: ("precision", "direction"),
    RuleType.EXTRACT_FROM_DATE: ("part",),
    RuleType.CUSTOM: ("name",),
}

_FUNCTIONS: dict[RuleType, Callable[[Rule, str], str]] = {
    RuleType.UPPERCASE: lambda _, text: text.upper(),
    RuleType.LOWERCASE: lambda _, text: text.lower(),
    RuleType.TITLE_CASE: lambda _, text: transform_text.title_case(text),
    RuleType.TRIM: lambda _, text: text.strip(),
    RuleType.SUBSTRING: lambda rule, text: transform_text.substring(rule.parameters, text),
    RuleType.REPLACE: lambda rule, text: text.replace(rule.parameters["find"], rule.parameters.get("replace", "")),
    RuleType.PATTERN_REPLACE: lambda rule, text: transform_patterns.replaced(rule.parameters, text),
    RuleType.ALPHANUMERIC_ONLY: lambda _, text: transform_text.alphanumeric_only(text),
    RuleType.DATE: lambda rule, text: transform_dates.iso_date(rule.parameters, text),
    RuleType.DECIMAL: lambda rule, text: transform_numbers.plain_number(rule.parameters, text),
    RuleType.PATTERN_MATCH: lambda rule, text: transform_patterns.matched(rule.parameters, text),
    RuleType.CUSTOM: _custom,
    RuleType.DATE_TIME: lambda rule, text: transform_dates.iso_moment(rule.parameters, text),
    RuleType.FIELD_LOOKUP: _looked_up,
    RuleType.ROUND: lambda rule, text: transform_numbers.rounded_number(rule.parameters, text),
    RuleType.EXTRACT_FROM_DATE: lambda rule, text: transform_dates.part_of_date(rule.parameters, text),
    RuleType.UNIX_TIMESTAMP: lambda _, text: transform_dates.unix_timestamp(text),
}

_CHECKS: dict[RuleType, Callable[[Parameters], dict[str, str]]] = {
    RuleType.SUBSTRING: transform_text.check_substring,
    RuleType.REPLACE: transform_text.check_replace,
    RuleType.PATTERN_REPLACE: transform_patterns.check_replaced,
    RuleType.PATTERN_MATCH: transform_patterns.check_matched,
    RuleType.DATE: transform_dates.check_format,
    RuleType.DATE_TIME: transform_dates.check_format,
    RuleType.DECIMAL: transform_numbers.check_plain_number,
    RuleType.ROUND: transform_numbers.check_rounded_number,
    RuleType.EXTRACT_FROM_DATE: transform_dates.check_part,
    RuleType.FIELD_LOOKUP: _check_lookup,
    RuleType.CUSTOM: _check_custom,
}
