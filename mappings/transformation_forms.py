"""The form of a transformation rule: its parameters are fields of their own, those of the chosen type."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from mappings.changes import fingerprint
from mappings.exchange_transformations import circle, transformation_to_json
from mappings.models import SystemKind, TransformationRule
from mappings.transformations import custom_functions
from syncadmin.sync.cultures import CULTURES
from syncadmin.sync.transform import PARAMETERS, IfBlank, Rule, RuleType, check
from syncadmin.sync.transform_dates import DatePart
from syncadmin.ui.forms import Section, SectionedForm

if TYPE_CHECKING:
    _RuleModelForm = forms.ModelForm[TransformationRule]
else:
    _RuleModelForm = forms.ModelForm

PREFIX = "parameter_"
# What is searched for stands before what replaces it.
_ALL = tuple(PREFIX + name for name in dict.fromkeys(["find", "pattern", *(name for names in PARAMETERS.values() for name in names)]))


class TransformationForm(SectionedForm, _RuleModelForm):
    """One rule. Another type has other parameters: those of the type before are gone."""

    seen = forms.CharField(widget=forms.HiddenInput)

    sections = (
        Section(title="General", fields=("code", "description", "type", "next_rule")),
        Section(title="Parameters", fields=_ALL, template="mappings/no_parameters.html"),
    )

    class Meta:
        model = TransformationRule
        fields = ("code", "description", "type", "next_rule")
        labels = {"next_rule": "Next Transformation Rule"}
        help_texts = {"code": "How field mappings name it. It stays as it is."}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["code"].disabled = bool(self.instance.pk)
        self.fields["next_rule"].queryset = TransformationRule.objects.exclude(pk=self.instance.pk)  # type: ignore[attr-defined]
        self.fields["next_rule"].empty_label = "None"  # type: ignore[attr-defined]
        self.initial["seen"] = fingerprint(transformation_to_json(self.instance)) if self.instance.pk else "new"
        self.type = self._type()
        for name in PARAMETERS[self.type] if self.type else ():
            self.fields[PREFIX + name] = PARAMETER_FIELDS[name]()
            self.initial.setdefault(PREFIX + name, self.instance.parameters.get(name))

    @property
    def has_parameters(self) -> bool:
        return bool(self.type and PARAMETERS[self.type])

    def clean_code(self) -> str:
        return str(self.cleaned_data["code"]).upper()

    def clean_next_rule(self) -> TransformationRule | None:
        following: TransformationRule | None = self.cleaned_data["next_rule"]
        code = self.instance.code or self.cleaned_data.get("code", "")
        rows = TransformationRule.objects.exclude(code=code).values_list("code", "next_rule__code")
        nexts = {one: after or "" for one, after in rows} | {code: following.code if following else ""}
        if round_trip := circle(nexts, code):
            raise ValidationError(f"{' → '.join(round_trip)} would run in a circle.")
        return following

    def clean(self) -> dict[str, Any]:
        super().clean()
        if self.cleaned_data.get("seen") != self.initial["seen"]:
            raise ValidationError(
                "Somebody else has changed this rule while you were here. Open the page again and repeat your change; "
                "the change log shows theirs."
            )
        if self.type is None:
            return self.cleaned_data
        self.instance.parameters = self.parameters()
        for name, reason in check(Rule(code="", type=self.type, parameters=self.instance.parameters)).items():
            if PREFIX + name not in self.errors:
                self.add_error(PREFIX + name, reason)
        return self.cleaned_data

    def parameters(self) -> dict[str, str]:
        """What was sent for the chosen type, as texts, without those that are blank."""
        names = PARAMETERS[self.type] if self.type else ()
        given = {name: self.cleaned_data.get(PREFIX + name) for name in names}
        return {name: str(value) for name, value in given.items() if value not in (None, "")}

    def _get_validation_exclusions(self) -> set[str]:
        # The parameters have fields of their own and are checked there.
        return super()._get_validation_exclusions() | {"parameters"}  # type: ignore[misc, no-any-return]

    def _type(self) -> RuleType | None:
        chosen = self.data.get(self.add_prefix("type")) if self.is_bound else self.initial.get("type")
        return RuleType(chosen) if chosen in set(RuleType) else None


def _text(label: str, help_text: str = "", *, mono: bool = False, suggestions: str = "") -> Callable[[], forms.Field]:
    """A text of which no blank is cut off: blanks can be what is searched for."""
    attrs = ({"class": "mono", "spellcheck": "false"} if mono else {}) | ({"list": suggestions} if suggestions else {})
    return lambda: forms.CharField(
        label=label, help_text=help_text, required=False, strip=False, max_length=250, widget=forms.TextInput(attrs=attrs)
    )


def _choice(label: str, choices: Callable[[], list[tuple[str, str]]], help_text: str = "") -> Callable[[], forms.Field]:
    return lambda: forms.ChoiceField(label=label, help_text=help_text, required=False, choices=choices())


def _whole(label: str, help_text: str = "") -> Callable[[], forms.Field]:
    return lambda: forms.IntegerField(label=label, help_text=help_text, required=False, min_value=1, max_value=99999)


PARAMETER_FIELDS: dict[str, Callable[[], forms.Field]] = {
    "start_position": _whole("Start Position", "The first character is 1."),
    "length": _whole("Length", "Blank: to the end."),
    "starting_text": _text("Starting Text", "What is taken begins after it. Not together with positions."),
    "ending_text": _text("Ending Text", "What is taken ends before it."),
    "find": _text("Find Value", "Every occurrence is replaced, letter case counts."),
    "replace": _text("Replace Value", "In regular expressions $1 and ${name} stand for groups."),
    "pattern": _text("Regular Expression", "For texts of up to 500 characters.", mono=True),
    "format": _text("Input Format", "As yyyyMMdd or d. MMMM yyyy. Blank: as the culture usually writes it.", mono=True),
    "culture": _choice("Culture", lambda: [("", "None"), *((name, name) for name in CULTURES if name)]),
    "precision": _text("Precision", "0.01 rounds to two decimals, 100 to hundreds."),
    "direction": _choice("Direction", lambda: [("=", "= to the nearest"), ("<", "< down, towards zero"), (">", "> up, away from zero")]),
    "part": _choice("Part", lambda: [(one.value, one.value) for one in DatePart]),
    "system": _choice("System", lambda: list(SystemKind.choices)),
    "table": _text("Table", "Its name in the web API, as paymentTerms or accounts.", mono=True, suggestions="tables"),
    "source_field": _text("Source Field", "Where the value is looked for.", mono=True),
    "target_field": _text("Target Field", "What the value becomes.", mono=True),
    "if_blank": _choice("Field Lookup Rule", lambda: [(one.value, one.value) for one in IfBlank]),
    "name": _choice(
        "Function",
        lambda: [("", "Choose a function"), *((name, name) for name in custom_functions())],
        "Packages installed beside the product offer functions under the entry point sync_admin.transformations.",
    ),
}


def told(row: TransformationRule) -> str:
    """The parameters of a rule in one line, in the order of its type."""
    shown = [(name, row.parameters[name]) for name in PARAMETERS[RuleType(row.type)] if row.parameters.get(name)]
    return ", ".join(f"{PARAMETER_FIELDS[name]().label!s}: {value}" for name, value in shown)
