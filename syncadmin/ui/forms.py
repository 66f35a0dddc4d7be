"""Forms in sections, as FastTabs: which fields stand together, and which section opens by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.forms import BoundField

if TYPE_CHECKING:
    from django.forms import BaseForm as _Form
    from django.forms import BaseFormSet

    _FormSet = BaseFormSet[Any]
else:
    _Form = _FormSet = object


@dataclass(frozen=True, kw_only=True)
class Section:
    """``fields`` are names of form fields; ``wide`` ones take a whole line; ``after`` is (field, template rendered below it), ``template``
    is rendered at the end."""

    title: str
    fields: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()
    after: tuple[tuple[str, str], ...] = ()
    template: str = ""
    open: bool = True


@dataclass(frozen=True)
class ShownField:
    bound: BoundField
    wide: bool
    after: str


@dataclass(frozen=True)
class ShownSection:
    section: Section
    fields: list[ShownField]
    open: bool


class SectionedForm(_Form):
    """Mixin for forms: ``sections`` in the order of the page. One with an error is always open, one without fields or template is left
    out."""

    sections: ClassVar[tuple[Section, ...]] = ()

    def shown_sections(self) -> Iterator[ShownSection]:
        for section in self.sections:
            after = dict(section.after)
            fields = [ShownField(self[name], name in section.wide, after.get(name, "")) for name in section.fields if name in self.fields]
            if fields or section.template:
                yield ShownSection(section, fields, section.open or any(field.bound.errors for field in fields))

    def lock(self) -> None:
        """Shows everything and takes nothing: for people who may see, not change."""
        for field in self.fields.values():
            field.disabled = True


class NamedRows(_FormSet):
    """Mixin for sets of forms in a list: the tick box that deletes a row says so to those who do not see its heading."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].widget.attrs["aria-label"] = f"Delete row {(index or 0) + 1}"
