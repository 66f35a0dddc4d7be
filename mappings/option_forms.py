"""The editable list of option mappings: one form per pair, checked against each other and against the choices of the Sales columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction

from mappings.changes import Person, fingerprint, keep_shared_change
from mappings.models import IntegrationTableMapping, OptionMapping
from mappings.option_choices import Use, choices_of, live_choices, uses_of_options
from mappings.option_pairs import part
from syncadmin.sync.errors import SyncError
from syncadmin.ui.forms import NamedRows

if TYPE_CHECKING:
    _PairModelForm = forms.ModelForm[OptionMapping]
    _PairModelFormSet = forms.BaseModelFormSet[OptionMapping, _PairModelForm]
else:
    _PairModelForm = forms.ModelForm
    _PairModelFormSet = forms.BaseModelFormSet

HEADINGS = (("name", "Option Mapping"), ("code", "Code"), ("value", "Option Value"), ("label", "Option Value Caption"))


class PairForm(_PairModelForm):
    """One pair. Which option mapping it belongs to is chosen when it is made."""

    class Meta:
        model = OptionMapping
        fields = tuple(name for name, _ in HEADINGS)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        row = str(self.instance) if self.instance.pk else "the new pair"
        for name, heading in HEADINGS:
            self.fields[name].widget.attrs |= {"aria-label": f"{heading} of {row}", "autocomplete": "off"}
        self.fields["name"].disabled = bool(self.instance.pk)
        self.fields["name"].widget.attrs["list"] = "option-mappings"
        self.fields["value"].widget.attrs["list"] = "choices"

    def has_changed(self) -> bool:
        """The new row is empty while it has nothing but the name of the option mapping that the page is about."""
        return bool(self.changed_data if self.instance.pk else set(self.changed_data) - {"name"})

    def clean_name(self) -> str:
        return str(self.cleaned_data["name"]).upper()

    def clean_code(self) -> str:
        return str(self.cleaned_data["code"]).upper()

    def _get_validation_exclusions(self) -> set[str]:
        # The list checks all its rows together, so that two pairs can change places; a constraint without its field is passed over.
        return super()._get_validation_exclusions() | {"name"}  # type: ignore[misc, no-any-return]


class PairFormSet(NamedRows, _PairModelFormSet):
    """Pairs of one or of all option mappings, and one empty row for a new pair."""

    @property
    def seen(self) -> str:
        """What the rows of the page were when it was made."""
        rows = sorted(self.get_queryset(), key=lambda row: row.pk)
        return fingerprint([[row.pk, *_plain(row).values(), row.name] for row in rows])

    def clean(self) -> None:
        if any(self.errors):
            return
        rows = self._rows_to_be()
        self._refuse_twins(rows)
        uses = uses_of_options()
        self._refuse_emptied(rows, uses)
        for form in self._changed_forms():
            self._check_choice(form, uses.get(form.cleaned_data["name"], []))

    def validate_unique(self) -> None:
        """Done by :meth:`clean` for all rows."""

    def save_pairs(self, user: Person) -> list[str]:
        """Saves and keeps the change of every option mapping concerned; their names. Rows are made anew so that pairs can change places."""
        saved = [form.instance for form in self._changed_forms()]
        removed = [form.instance for form in self.forms if form in self.deleted_forms and form.instance.pk]
        names = sorted({row.name for row in [*saved, *removed]})
        with transaction.atomic():
            before = {name: pairs_to_json(name) for name in names}
            OptionMapping.objects.filter(pk__in=[row.pk for row in [*saved, *removed] if row.pk]).delete()
            OptionMapping.objects.bulk_create(saved)
            part(names)
            for name in names:
                after = pairs_to_json(name)
                using = IntegrationTableMapping.objects.filter(field_mappings__option_mapping=name).select_related("business_central")
                keep_shared_change(
                    user, using.distinct(), kind="option mapping", name=name, what=_told(before[name], after),
                    before={"pairs": before[name]}, after={"pairs": after},
                )  # fmt: skip
        return names

    def _changed_forms(self) -> list[PairForm]:
        return [form for form in self.forms if form.has_changed() and form not in self.deleted_forms]

    def _rows_to_be(self) -> list[tuple[OptionMapping, PairForm | None]]:
        """Every pair as it would be after saving, with its form where it has one."""
        forms_of = {form.instance.pk: form for form in self.forms if form.instance.pk}
        others = [(row, None) for row in OptionMapping.objects.exclude(pk__in=forms_of)]
        kept = [form for form in self.forms if form not in self.deleted_forms and (form.instance.pk or form.has_changed())]
        return [*others, *((form.instance, form) for form in kept)]

    def _refuse_twins(self, rows: Iterable[tuple[OptionMapping, PairForm | None]]) -> None:
        """One value per code; the error stands at a row of the page."""
        found: dict[tuple[str, str], PairForm | None] = {}
        for row, form in rows:
            key = (row.name, row.code)
            twin = (form or found[key]) if key in found else None
            if twin is not None:
                twin.add_error("code", "This code has a value already.")
            found[key] = form

    def _refuse_emptied(self, rows: Iterable[tuple[OptionMapping, PairForm | None]], uses: dict[str, list[Use]]) -> None:
        left = {row.name for row, _ in rows}
        for name in sorted({form.instance.name for form in self.deleted_forms} - left):
            if name in uses:
                fields = ", ".join(f"{use.row.mapping.name} ({use.row.field})" for use in uses[name])
                raise ValidationError(f"{name} is used by {fields}. Keep at least one pair, or take it out of those field mappings first.")

    def _check_choice(self, form: PairForm, uses: list[Use]) -> None:
        """The value must be a choice of the Sales columns; the system is asked again before one is refused. Fills in its label."""
        value, choices = form.cleaned_data["value"], choices_of(uses)
        if choices and value not in choices:
            try:
                choices = live_choices(uses)
            except SyncError as error:
                form.add_error("value", f"{value} is no choice that is known, and Sales cannot be asked: {error.text}")
                return
            if value not in choices:
                known = ", ".join(f"{number} {label}" for number, label in choices.items())
                form.add_error("value", f"{value} is no choice of {_columns(uses)}. Choose one of: {known}.")
                return
        if not form.instance.label:
            form.instance.label = choices.get(value, "")


def pairs_to_json(name: str) -> list[dict[str, Any]]:
    return [_plain(row) for row in OptionMapping.objects.filter(name=name)]


def _plain(row: OptionMapping) -> dict[str, Any]:
    return {"code": row.code, "value": row.value, "label": row.label}


def _columns(uses: Iterable[Use]) -> str:
    columns = {
        f"{use.row.integration_field} of {use.row.mapping.integration_table_label or use.row.mapping.integration_table}" for use in uses
    }
    return " and ".join(sorted(columns))


def _told(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> str:
    old, new = ({pair["code"]: pair for pair in pairs} for pairs in (before, after))
    words: defaultdict[str, list[str]] = defaultdict(list)
    for code in sorted({*old, *new}):
        if old.get(code) != new.get(code):
            words["added" if code not in old else "removed" if code not in new else "changed"].append(code)
    return "; ".join(f"{', '.join(codes)} {verb}" for verb, codes in words.items())


pair_forms = forms.modelformset_factory(OptionMapping, form=PairForm, formset=PairFormSet, extra=1, can_delete=True)
