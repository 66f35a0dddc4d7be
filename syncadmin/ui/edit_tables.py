"""Lists that are edited in place: an input in every cell of the rows that are shown, and one empty row for a new one.

What is not shown is not lost: fields of hidden columns travel along unseen, and rows that filters or pages leave out have no form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from syncadmin.ui.tables import ListTable

DELETE = "DELETE"  # what sets of forms call the tick box that deletes a row


class InputColumn(tables.Column):
    """A field of the row's form, called like the column; its plain value where a row has no form, and in exports.

    ``below`` gives words under the input, ``fixed`` is text in rows that are there already and an input in the new one.
    """

    def __init__(self, *, below: Callable[[Any], str] | None = None, fixed: bool = False, **options: Any) -> None:
        super().__init__(**({"empty_values": ()} | options))
        self.below, self.fixed = below, fixed

    def render(self, record: Any, value: Any, bound_column: Any) -> Any:
        form = getattr(record, "form", None)
        if form is None or bound_column.name not in form.fields or self.fixed:
            return _plain(value)
        words = self.below(record) if self.below else ""
        return (
            format_html('{}<span class="soft field-label">{}</span>', form[bound_column.name], words) if words else form[bound_column.name]
        )

    def value(self, value: Any) -> Any:
        return _plain(value)


class DeleteColumn(tables.Column):
    """The tick box that deletes the row when the list is saved."""

    attrs = {"td": {"class": "flag delete"}}

    def __init__(self) -> None:
        super().__init__(accessor="pk", orderable=False, verbose_name="Delete", exclude_from_export=True)

    def render(self, record: Any) -> Any:
        return record.form[DELETE] if getattr(record, "form", None) else ""


class EditTable(ListTable):
    """A table whose rows are edited. Columns with inputs are called like the fields of the form."""

    last: ClassVar[tuple[str, ...]] = (DELETE,)
    new: Any = None

    DELETE = DeleteColumn()

    class Meta(ListTable.Meta):
        template_name = "tables/edit.html"
        attrs = {"class": "rows edit-rows"}
        sequence = ("...", DELETE)

    def edit(self, rows: Any | None) -> None:
        """Gives every row of the page its form of the set, and shows columns with an error. Without a set there is nothing to delete."""
        if rows is None:
            self.columns.hide(DELETE)
            return
        for form in rows.forms:
            for name in form.errors:
                if name in self.columns.columns:
                    self.columns.show(name)
        by_key = {form.instance.pk: form for form in rows.forms if form.instance.pk}
        for record in self.page.object_list.data:
            record.form = by_key.get(record.pk)
            record.unseen = self._unseen(record.form) if record.form else ""
        self.new = next((form for form in rows.forms if not form.instance.pk), None)

    def new_cells(self) -> Iterator[tuple[Any, Any]]:
        """(column, input) of the row for a new one, the first with all that is not seen."""
        unseen = self._unseen(self.new)
        for column in self.columns:
            bound = self.new[column.name] if column.name in self.new.fields and column.name != DELETE else ""
            yield column, format_html("{}{}", bound, unseen)
            unseen = SafeString("")

    def _unseen(self, form: Any) -> SafeString:
        shown = {column.name for column in self.columns}
        hidden = [form[name].as_hidden() for name, field in form.fields.items() if name not in shown and not field.widget.is_hidden]
        return format_html_join("", "{}", ((one,) for one in (*form.hidden_fields(), *hidden)))


def _plain(value: Any) -> Any:
    return ("yes" if value else "no") if isinstance(value, bool) else "" if value is None else value
