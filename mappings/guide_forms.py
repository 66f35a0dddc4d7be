"""The forms of the New Table Mapping guide, a form per step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from mappings.forms import check_direction
from mappings.guide import judged
from mappings.models import FieldDirection, IntegrationTableMapping, OptionMapping, System, SystemKind, TransformationRule
from mappings.pairing import BAD, Remark
from mappings.row_forms import WORK_AGAINST, recreates
from mappings.template_values import default_value, field_groups
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Table

if TYPE_CHECKING:
    _SystemsModelForm = forms.ModelForm[IntegrationTableMapping]
    _PairSet = forms.BaseFormSet[Any]
else:
    _SystemsModelForm, _PairSet = forms.ModelForm, forms.BaseFormSet

_ARROWS = [(value, f"{arrow} {label}") for (value, label), arrow in zip(FieldDirection.choices, "⇄→←", strict=True)]
SPARE_PAIRS, SPARE_DEFAULTS = 3, 3


class SystemsForm(_SystemsModelForm):
    """Between which systems, and what the mapping is called."""

    class Meta:
        model = IntegrationTableMapping
        fields = ("name", "description", "business_central", "sales")
        labels = {"business_central": "Company", "sales": "Sales environment"}
        help_texts = {"name": "Capital letters, digits, blanks, points and hyphens; for example VENDOR. It cannot be changed later."}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, kind in (("business_central", SystemKind.BUSINESS_CENTRAL), ("sales", SystemKind.SALES)):
            self.fields[name].queryset = System.objects.filter(kind=kind)  # type: ignore[attr-defined]
            self.fields[name].empty_label = None  # type: ignore[attr-defined]
        self.fields["name"].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}

    def kept(self) -> dict[str, Any]:
        """What the draft keeps of it."""
        data = self.cleaned_data
        systems = {side: data[side].pk for side in (Side.BUSINESS_CENTRAL.value, Side.SALES.value)}
        return {"name": data["name"], "description": data["description"], **systems}


class TablesForm(forms.Form):
    """Which two tables, and which way. ``known`` are the tables of each side with their labels."""

    table = forms.CharField(
        label="Table", max_length=100, help_text="A table of Business Central, by its name on the web API or its label."
    )
    integration_table = forms.CharField(label="Integration Table", max_length=100, help_text="A table of Sales, by its set name or label.")
    direction = forms.ChoiceField(label="Direction", choices=_ARROWS, initial=FieldDirection.TO_INTEGRATION)

    def __init__(self, *args: Any, known: Mapping[Side, Mapping[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self._known = known
        for name, listed in (("table", "tables"), ("integration_table", "integration-tables")):
            self.fields[name].widget.attrs |= {"list": listed, "autocomplete": "off"}

    def clean_table(self) -> str:
        return self._named(Side.BUSINESS_CENTRAL, self.cleaned_data["table"])

    def clean_integration_table(self) -> str:
        return self._named(Side.SALES, self.cleaned_data["integration_table"])

    def _named(self, side: Side, text: str) -> str:
        known = self._known.get(side, {})
        if text in known:
            return text
        called = [name for name, label in known.items() if text.casefold() in (name.casefold(), label.casefold())]
        if len(called) == 1:
            return called[0]
        if called:
            raise ValidationError(f"{side.label} has several tables that are called so: {', '.join(called)}. Choose one of these names.")
        raise ValidationError(f"{side.label} has no table {text}.")


class PairForm(forms.Form):
    """One pair of fields. ``remarks`` say what stands in its way, once it is judged."""

    use = forms.BooleanField(label="Use", required=False)
    field = forms.ChoiceField(label="Field", required=False)
    direction = forms.ChoiceField(label="Direction", choices=_ARROWS)
    integration_field = forms.ChoiceField(label="Integration Field", required=False)
    constant_value = forms.CharField(label="Constant Value", required=False, max_length=100)
    lookup_mapping = forms.ChoiceField(label="Lookup Mapping", required=False)
    option_mapping = forms.ChoiceField(label="Option Mapping", required=False)
    transformation_rule = forms.ChoiceField(label="Transformation Rule", required=False)
    truncate = forms.BooleanField(label="Truncate", required=False)
    use_for_match = forms.BooleanField(label="Use For Match", required=False)

    def __init__(self, *args: Any, choices: Mapping[str, list[tuple[str, str]]], way: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.remarks: list[Remark] = []
        self.fields["direction"].initial = way
        for name, pairs in choices.items():
            self.fields[name].choices = [("", ""), *pairs]  # type: ignore[attr-defined]
        for name, own in self.fields.items():
            own.widget.attrs["aria-label"] = f"{own.label} of pair {int(str(self.prefix).rpartition('-')[2]) + 1}"
            if name == "direction":
                own.required = False

    @property
    def is_filled(self) -> bool:
        data = getattr(self, "cleaned_data", None) or {}
        return bool(data.get("field") or data.get("integration_field"))


class PairFormSet(_PairSet):
    """All pairs. A ticked one that cannot run, or none that goes the mapping's way, keeps the guide on this step."""

    def __init__(self, *args: Any, bc: Table, sales: Table, way: str, company: System, **options: Any) -> None:
        self._bc, self._sales, self._way, self._company = bc, sales, way, company
        super().__init__(*args, **options)

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        if not hasattr(self, "_choices"):
            self._choices = _choices(self._bc, self._sales, self._company)
        return super().get_form_kwargs(index) | {"choices": self._choices, "way": self._way}

    def judge(self) -> None:
        """Fills in the remarks of every filled pair; of a set that was not sent, those of what it proposes."""
        for form in self.forms:
            row = self._row(form)
            if row["field"] or row["integration_field"]:
                form.remarks = judged(row, self._bc, self._sales)

    def kept(self) -> list[dict[str, Any]]:
        """What the draft keeps: every filled pair, ticked or not, valid or not."""
        return [row for form in self.forms if (row := self._row(form))["field"] or row["integration_field"]]

    def clean(self) -> None:
        self.judge()
        ticked = [form for form in self.forms if form.is_filled and form.cleaned_data["use"]]
        if not ticked:
            raise ValidationError("Tick at least one pair of fields.")
        bad = [form for form in ticked if any(remark.level == BAD for remark in form.remarks)]
        if bad:
            raise ValidationError(f"{len(bad)} ticked pair{'s' if len(bad) > 1 else ''} cannot run. Mend or untick what is marked below.")
        check_direction(self._way, [form.cleaned_data["direction"] for form in ticked])

    def _row(self, form: PairForm) -> dict[str, Any]:
        values = (getattr(form, "cleaned_data", None) or {}) if form.is_bound else form.initial
        row = {name: values.get(name, False if isinstance(own, forms.BooleanField) else "") for name, own in form.fields.items()}
        return row | {"direction": row["direction"] or self._way}


class RulesForm(forms.ModelForm):  # type: ignore[type-arg]
    """What happens to records that are not coupled, changed on both sides, deleted; and which take part."""

    class Meta:
        model = IntegrationTableMapping
        fields = (
            "synch_only_coupled", "create_new_if_no_match", "update_conflict_resolution", "deletion_conflict_resolution", "table_filter",
            "integration_table_filter",
        )  # fmt: skip
        labels = {
            "synch_only_coupled": "Synch. Only Coupled Records",
            "create_new_if_no_match": "Create New in Case of No Match",
            "update_conflict_resolution": "Resolve Update Conflicts",
            "deletion_conflict_resolution": "Resolve Deletion Conflicts",
            "table_filter": "Table Filter",
            "integration_table_filter": "Integration Table Filter",
        }
        help_texts = {
            "synch_only_coupled": "Off: records that are not coupled yet are created on the other side.",
            "table_filter": "OData text. The filter builder shows it in conditions once the mapping is there.",
            "integration_table_filter": "OData text. {companyId} stands for this company's row in Sales.",
        }
        widgets = {name: forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}) for name in ("table_filter", "integration_table_filter")}

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if recreates(data):
            self.add_error("deletion_conflict_resolution", WORK_AGAINST)
        return data

    def kept(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


class DefaultForm(forms.Form):
    """A value that new records of one side get; the field is chosen as ``side:field``."""

    field = forms.ChoiceField(label="Field of new records", required=False)
    value = forms.CharField(label="Value", required=False, max_length=250)

    def __init__(self, *args: Any, tables: Mapping[Side, Table], **options: Any) -> None:
        super().__init__(*args, **options)
        self._tables = tables
        self.fields["field"].choices = [("", ""), *field_groups(tables)]  # type: ignore[attr-defined]
        place = int(str(self.prefix).rpartition("-")[2]) + 1
        for own in self.fields.values():
            own.widget.attrs["aria-label"] = f"{own.label}, line {place}"

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("field"):
            side, _, name = data["field"].partition(":")
            try:
                data["value"] = default_value(data.get("value", ""), self._tables[Side(side)].fields[name])
            except ValueError as error:
                self.add_error("value", str(error))
        return data

    def kept(self) -> dict[str, Any]:
        side, _, name = self.cleaned_data["field"].partition(":")
        return {"side": side, "field": name, "value": self.cleaned_data["value"]}


pair_forms = forms.formset_factory(PairForm, formset=PairFormSet, extra=SPARE_PAIRS)
default_forms = forms.formset_factory(DefaultForm, extra=SPARE_DEFAULTS)


def _choices(bc: Table, sales: Table, company: System) -> dict[str, list[tuple[str, str]]]:
    mappings = IntegrationTableMapping.objects.filter(business_central=company).order_by("name").values_list("name", flat=True)
    options = OptionMapping.objects.order_by("name").values_list("name", flat=True).distinct()
    return {
        "field": field_choices_of(bc),
        "integration_field": field_choices_of(sales),
        "lookup_mapping": [(name, name) for name in mappings],
        "option_mapping": [(name, name) for name in options],
        "transformation_rule": [(code, code) for code in TransformationRule.objects.values_list("code", flat=True)],
    }


def field_choices_of(table: Table) -> list[tuple[str, str]]:
    """(name, label with name) of the fields of a table, by label."""
    return sorted(
        ((one.name, f"{one.label or one.name} ({one.name})") for one in table.fields.values()), key=lambda pair: pair[1].casefold()
    )
