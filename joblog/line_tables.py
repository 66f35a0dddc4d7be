"""Lists of log lines, and how long a job spent on what."""

from __future__ import annotations

from dataclasses import dataclass

import django_tables2 as tables
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from joblog.job_lines import MOST_LINES
from joblog.models import JobLine, SynchJob
from joblog.stopwatch import COMPARE, READ, SAVE, WRITE, in_words
from syncadmin.ui import columns
from syncadmin.ui.formatting import count
from syncadmin.ui.tables import ListTable

LEVEL_TONES = {"INFO": "", "WARNING": "warn", "ERROR": "bad"}
BAR_WIDTH = 1000
_REST = "rest"
_LABELS = {READ: "Reading", COMPARE: "Comparing", WRITE: "Writing", SAVE: "Saving results", _REST: "Starting and waiting"}
_HINTS = {
    READ: "asking the source for its records",
    COMPARE: "couplings, counterparts and references, and what has to be done",
    WRITE: "sending changes to the destination, and what belongs to them",
    SAVE: "entries, couplings and counts",
    _REST: "before the first page, between slices, while a system asked for a pause",
}


class JobLineTable(ListTable):
    key = "lines"
    fixed = ("at",)

    at = columns.MomentColumn(verbose_name="Time", order_by="pk")
    level = columns.PillColumn(tones=LEVEL_TONES)
    text = tables.Column(attrs={"td": {"class": "wrap line-text"}}, empty_values=())
    logger = tables.Column(verbose_name="Part of the program", visible=False, attrs={"td": {"class": "soft"}})

    class Meta(ListTable.Meta):
        order_by = ("-at",)

    def render_text(self, record: JobLine) -> SafeString:
        text, _, stack = told(record).partition("\n")
        if not stack:
            return format_html("{}", text)
        return format_html('{}<details class="stack"><summary>Call stack</summary><pre tabindex="0">{}</pre></details>', text, stack)

    def value_text(self, record: JobLine) -> str:
        return told(record)


def told(line: JobLine) -> str:
    if line.left_out:
        return f"{count(line.left_out)} more lines were left out: a job keeps {count(MOST_LINES)}."
    return line.text


@dataclass(frozen=True)
class PhaseBar:
    """A phase of a job as a part of a bar that is ``BAR_WIDTH`` wide."""

    name: str
    label: str
    hint: str
    told: str
    share: int  # percent
    x: float
    width: float


def phase_bars(job: SynchJob) -> list[PhaseBar]:
    """The phases that took time, and what was none of them; nothing for jobs that have not measured any."""
    if not job.timings:
        return []
    whole = max(((job.finished_at or timezone.now()) - job.started_at).total_seconds(), sum(job.timings.values()), 0.001)
    seconds = job.timings | {_REST: whole - sum(job.timings.values())}
    bars, x = [], 0.0
    for name, label in _LABELS.items():
        width = BAR_WIDTH * seconds.get(name, 0.0) / whole
        if width >= BAR_WIDTH / 1000:
            bars.append(
                PhaseBar(name, label, _HINTS[name], in_words(seconds[name]), round(100 * width / BAR_WIDTH), round(x, 1), round(width, 1))
            )
        x += width
    return bars
