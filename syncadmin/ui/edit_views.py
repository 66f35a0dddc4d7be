"""Pages of lists that are edited in place: a set of forms over the rows of the page, in the table of the list."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from syncadmin.ui.edit_tables import EditTable
from syncadmin.ui.views import ListPage


class EditPage(ListPage):
    """A list whose shown rows are a set of forms. Saving is :meth:`act`; with ``rows`` in the context a set that was refused is shown.

    Who may not change sees the rows without forms (``rows`` is None). ``about_new`` stands beside the Save button, ``new_called`` is what
    the empty row is called where something is wrong in it.
    """

    about_new: ClassVar[str] = ""
    new_called: ClassVar[str] = "New row"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        rows = extra.pop("rows", None)
        context = super().get_context_data(**extra)
        table, may_change = cast("EditTable", context["table"]), self.request.user.has_perm(self.change_permission)
        if may_change and not self.request.GET.get("export"):
            rows = rows or self.forms_of([record.pk for record in table.page.object_list.data])
            for form in rows.forms:
                form.called = self.called(form) if form.instance.pk else self.new_called
        table.edit(rows)
        return context | {"rows": rows, "may_change": may_change, "about_new": self.about_new, "new_called": self.new_called}

    def forms_of(self, keys: list[int]) -> Any:
        """The set of forms of the rows with these keys."""
        raise NotImplementedError

    def called(self, form: Any) -> str:
        """What the row of a form is called where something is wrong in it."""
        return str(form.instance)
