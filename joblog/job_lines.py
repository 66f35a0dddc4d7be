"""Log lines of a run, kept with the jobs they are about: one statement per page of records, outside of the page's transaction.

Lines tell, they decide nothing: where they cannot be saved the run goes on, and the process's own log says why they are missing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import F

from joblog.log_lines import Book, Line, open_book, writing
from joblog.models import JobLine, LineLevel

MOST_LINES = 2_000  # of one job
_LONGEST = 20_000  # characters
_LEVELS = {"DEBUG": LineLevel.INFO, "CRITICAL": LineLevel.ERROR}
log = logging.getLogger("job_lines")  # no name of ours: what is said of lines that cannot be saved is no line to be saved


@contextmanager
def kept_lines() -> Iterator[None]:
    """Until the end, what is logged about jobs is kept with them, as far as :func:`save_lines` has not saved it before."""
    if open_book() is not None:
        yield
        return
    with writing(Book()):
        try:
            yield
        finally:
            save_lines()


def save_lines() -> None:
    """Saves what the book of this run has; nobody may call it inside of the transaction of a page."""
    book = open_book()
    found = book.taken() if book else {}
    if book is None or not found:
        return
    try:
        with transaction.atomic():
            _save(found, {job: _number(book, job) for job in found})
        for job, lines in found.items():
            book.saved[job] += len(lines)
    except (DatabaseError, InterfaceError) as error:
        number = sum(map(len, found.values()))
        book.saved.clear()
        log.error("%s lines of the jobs %s could not be saved: %s", number, sorted(found), error)


def _number(book: Book, job: int) -> int:
    """How many lines of the job are saved; asked once per slice."""
    if job not in book.saved:
        book.saved[job] = JobLine.objects.filter(job=job).count()
    return book.saved[job]


def _save(found: dict[int, list[Line]], numbers: dict[int, int]) -> None:
    room = {job: max(0, MOST_LINES - number) for job, number in numbers.items()}
    kept = {job: lines[: room[job]] for job, lines in found.items()}
    JobLine.objects.bulk_create([_row(job, line) for job, lines in kept.items() for line in lines])
    for job, lines in found.items():
        if left := lines[len(kept[job]) :]:
            _leave_out(job, left)


def _row(job: int, line: Line) -> JobLine:
    text = line.text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()[:_LONGEST]
    level = _LEVELS.get(line.level) or LineLevel(line.level)
    return JobLine(job_id=job, at=line.at, level=level, logger=line.logger[:100], text=text)


def _leave_out(job: int, lines: Sequence[Line]) -> None:
    """The last line counts what was left out."""
    last = JobLine.objects.filter(job=job, left_out__gt=0)
    if not last.update(left_out=F("left_out") + len(lines), at=lines[-1].at):
        JobLine.objects.create(job_id=job, at=lines[-1].at, level=LineLevel.WARNING, text="", left_out=len(lines))
