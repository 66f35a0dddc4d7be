"""What pages call the settings of jobs, cues, notices and log retention, for the change log."""

from __future__ import annotations

from joblog.cues import KINDS
from joblog.models import JobQueueEntry, NoticeRule
from joblog.models.job_queue_entry import WEEKDAYS
from joblog.models.retention_rule import Kept
from joblog.notice_forms import NoticeRuleForm
from joblog.queue_forms import QueueEntryForm
from mappings.captions import Captions, from_model, teach

_THRESHOLDS = Captions(names={"name": "Cue", "warn_from": "Yellow from", "bad_from": "Red from"})


def teach_all() -> None:
    """Called once, when the product starts."""
    cues = {kind.name: kind.label for kind in KINDS}
    kept = {one.value: str(one.label) for one in Kept}
    days = {f"run_on_{day}": f"Run on {day.capitalize()}s" for day in WEEKDAYS}
    names = {"recurring": "Recurring Job", "parameters": "Parameter String", "company": "Company", **days}
    teach("job queue entry", from_model(JobQueueEntry, QueueEntryForm, names=names))
    teach("notice rule", from_model(NoticeRule, NoticeRuleForm, names={"company": "Company"}))
    teach("role center", Captions(names=cues, choices={"name": cues}, parts=dict.fromkeys(cues, _THRESHOLDS)) | _THRESHOLDS)
    teach("log retention", Captions(names={"kept": "Kept", "days": "Days"} | kept, choices={"kept": kept}))
