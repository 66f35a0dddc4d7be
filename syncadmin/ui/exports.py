"""Lists as files: CSV and Excel, of exactly the rows and columns that are shown."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from syncadmin.ui import formatting
from syncadmin.ui.presentation import current
from syncadmin.ui.tables import ListTable

EXCEL_ROWS = 1_048_576  # of a sheet, the heading among them
_EXCEL_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CHUNK = 2000


class TooManyRows(ValueError):
    """The list has more rows than an Excel sheet; the text says what to do."""


def as_csv(table: ListTable, name: str) -> HttpResponseBase:
    """Row by row, whatever their number. Cells that a spreadsheet would run as a formula begin with an apostrophe."""
    writer = csv.writer(_Echo())
    lines = (writer.writerow([_harmless(cell) for cell in row]) for row in _rows(table))
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def as_excel(table: ListTable, name: str) -> HttpResponseBase:
    """Numbers as numbers, moments as dates in the reader's zone, which the sheet's name tells. Raises TooManyRows."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(f"{name} {current().zone_name or 'UTC'}".translate(str.maketrans("/\\*?:[]", "-------"))[:31])
    for number, row in enumerate(_rows(table), start=1):
        if number > EXCEL_ROWS:
            raise TooManyRows("An Excel sheet holds 1,048,575 rows. Narrow the filters, or export the list as CSV.")
        sheet.append([_cell(sheet, value) for value in row])
    file = TemporaryFile()  # noqa: SIM115  (the answer closes it)
    book.save(file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=_EXCEL_TYPE)


EXPORTS: dict[str, Callable[[ListTable, str], HttpResponseBase]] = {"csv": as_csv, "xlsx": as_excel}


class _Echo:
    def write(self, line: str) -> str:
        return line


def _rows(table: ListTable) -> Iterator[list[Any]]:
    """The headings, then the values of each row, read in portions so that any number fits into memory."""
    hidden = [column.name for column in table.columns.iterall() if not column.visible]
    lines = table.as_values(exclude_columns=hidden)
    yield next(lines)
    if isinstance(table.data.data, QuerySet):
        table.data.data = table.data.data.iterator(chunk_size=_CHUNK)
    yield from lines


def _harmless(cell: Any) -> str:
    if isinstance(cell, datetime):
        return formatting.utc(cell)
    text = "" if cell is None else str(cell)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} and not text.lstrip("-").replace(".", "").isdecimal() else text


def _cell(sheet: Any, value: Any) -> Any:
    """Text is always text, never a formula."""
    if isinstance(value, datetime):
        return value.astimezone(current().zone or UTC).replace(tzinfo=None)
    if value is None or isinstance(value, bool | int | float | Decimal | date):
        return value
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", str(value))[:32_767])
    cell.data_type = "s"
    return cell
