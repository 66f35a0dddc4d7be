"""One template: what it is called, which source records it is for, what a new record gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms

from mappings.models import ConfigTemplate, IntegrationTableMapping
from mappings.models.template import POSTING_RULES, TemplateSide
from mappings.template_values import condition_value, default_value, shown_default, writable_fields
from mappings.template_words import OPERATOR_WORDS
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Table

if TYPE_CHECKING:
    _TemplateModelForm = forms.ModelForm[ConfigTemplate]
else:
    _TemplateModelForm = forms.ModelForm

SPARE = 2


class ChooseForm(forms.Form):
    """Which mapping a new template is for, and on which side its records are created."""

    mapping = forms.ModelChoiceField(queryset=IntegrationTableMapping.objects.none(), label="Mapping", empty_label=None)
    side = forms.ChoiceField(choices=TemplateSide.choices, label="New records in")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        rows = IntegrationTableMapping.objects.exclude(integration_table__contains=".").order_by("name")
        self.fields["mapping"].queryset = rows  # type: ignore[attr-defined]


class TemplateForm(_TemplateModelForm):
    seen_version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = ConfigTemplate
        fields = ("code", "description", "priority")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["seen_version"] = self.instance.mapping.version

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        others = ConfigTemplate.objects.filter(mapping=self.instance.mapping, side=self.instance.side, code__iexact=code)
        if others.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(f"{self.instance.mapping} has another template {code} for this side.")
        return code


class _LineForm(forms.Form):
    """A line of a list; one whose first field (``what`` it is about) was emptied is left out, a new one with a value alone is refused."""

    what: ClassVar[str] = "field"

    def __init__(self, *args: Any, table: Table | None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._table = table
        place = int(str(self.prefix).rpartition("-")[2]) + 1
        for own in self.fields.values():
            own.widget.attrs["aria-label"] = f"{own.label}, line {place}"

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("value") and not data.get(self.what) and not self.initial.get(self.what):
            self.add_error(self.what, f"Say which {self.what} this value is for, or empty the value.")
        return data

    def _choose_from(self, pairs: Sequence[tuple[str, str]]) -> None:
        """The fields of the table; the one that stands there although the table does not list it stays."""
        current = self.initial.get("field", "")
        known = [*pairs, *([(current, current)] if current and current not in dict(pairs) else [])]
        self.fields["field"].choices = [("", ""), *known]  # type: ignore[attr-defined]


class ConditionForm(_LineForm):
    """A condition on the source record."""

    field = forms.ChoiceField(label="Field of the source record", required=False)
    operator = forms.ChoiceField(label="Comparison", choices=list(OPERATOR_WORDS.items()), required=False)
    value = forms.CharField(label="Value", required=False, max_length=250)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        fields = self._table.fields.values() if self._table else ()
        self._choose_from(sorted(((one.name, f"{one.label or one.name} ({one.name})") for one in fields), key=lambda pair: pair[1]))

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        own = self._table.fields.get(data.get("field", "")) if self._table else None
        if own is not None:
            try:
                data["value"] = condition_value(data.get("value", ""), own)
            except ValueError as error:
                self.add_error("value", str(error))
        return data


class DefaultForm(_LineForm):
    """A value of the new record."""

    field = forms.ChoiceField(label="Field of the new record", required=False)
    value = forms.CharField(label="Value", required=False, max_length=250)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._choose_from(writable_fields(self._table) if self._table else [])

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        own = self._table.fields.get(data.get("field", "")) if self._table else None
        if own is not None:
            try:
                data["value"] = default_value(data.get("value", ""), own)
            except ValueError as error:
                self.add_error("value", str(error))
        return data


class DimensionForm(_LineForm):
    """A default dimension of the new Business Central record."""

    what = "dimension"
    dimension = forms.CharField(label="Dimension Code", required=False, max_length=20)
    value = forms.CharField(label="Dimension Value Code", required=False, max_length=20)
    posting = forms.ChoiceField(label="Value Posting", required=False, choices=[(rule, rule) for rule in POSTING_RULES])


_conditions = forms.formset_factory(ConditionForm, extra=SPARE)
_defaults = forms.formset_factory(DefaultForm, extra=SPARE)
_dimensions = forms.formset_factory(DimensionForm, extra=SPARE)


class TemplateForms:
    """The template with its three lists, shown and taken together. ``tables`` are what is known of both sides' tables."""

    def __init__(self, template: ConfigTemplate, tables: Mapping[Side, Table | None], sent: Any = None) -> None:
        self.template = template
        side = Side(template.side)
        target, source = tables[side], tables[side.other]
        self.form = TemplateForm(sent, instance=template)
        self.conditions = _conditions(sent, prefix="condition", initial=_rows(template.conditions, source), form_kwargs={"table": source})
        defaults = [{"field": name, "value": value} for name, value in template.defaults.items()]
        self.defaults = _defaults(sent, prefix="default", initial=_rows(defaults, target), form_kwargs={"table": target})
        self.dimensions = (
            _dimensions(sent, prefix="dimension", initial=template.dimensions, form_kwargs={"table": None})
            if side is Side.BUSINESS_CENTRAL
            else None
        )

    @property
    def lists(self) -> list[tuple[str, str, Any]]:
        """(title, what it is for, formset) in the order of the page."""
        found: list[tuple[str, str, Any]] = [
            (
                "Conditions",
                "The template is used for source records for which all of these hold; without a condition, for every record.",
                self.conditions,
            ),
            ("Values", "What the new record gets; these values win over mapped ones.", self.defaults),
        ]
        if self.dimensions is not None:
            found.append(("Default Dimensions", "Written to the new Business Central record once it is there.", self.dimensions))
        return found

    def is_valid(self) -> bool:
        """Whether all of it can be saved; fills the template in and lets it judge itself."""
        valid = all([self.form.is_valid(), *(one.is_valid() for _, _, one in self.lists)])
        if not valid:
            return False
        self.template.conditions = [_plain(form, "field", "operator", "value") for form in _filled(self.conditions, "field")]
        self.template.defaults = {form.cleaned_data["field"]: form.cleaned_data["value"] for form in _filled(self.defaults, "field")}
        lines = _filled(self.dimensions, "dimension") if self.dimensions is not None else []
        self.template.dimensions = [_plain(form, "dimension", "value", "posting") for form in lines]
        try:
            self.template.clean()
        except forms.ValidationError as error:
            self.form.add_error(None, [text for texts in error.message_dict.values() for text in texts])
        return not self.form.errors


def _rows(rows: Sequence[Mapping[str, Any]], table: Table | None) -> list[dict[str, Any]]:
    fields = table.fields if table else {}
    return [{**row, "value": shown_default(row["value"], fields.get(row["field"]))} for row in rows]


def _filled(formset: Any, name: str) -> list[Any]:
    return [form for form in formset.forms if form.cleaned_data.get(name)]


def _plain(form: Any, *names: str) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in names}
