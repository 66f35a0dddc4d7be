"""The card of a job queue entry, as a form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from joblog.exchange import entry_plain
from joblog.models import JobQueueEntry, RunKind
from joblog.models.job_queue_entry import WEEKDAYS
from joblog.recurrence import NoNextRun, Recurrence
from mappings.changes import fingerprint
from syncadmin.ui.forms import Section, SectionedForm

if TYPE_CHECKING:
    _EntryModelForm = forms.ModelForm[JobQueueEntry]
else:
    _EntryModelForm = forms.ModelForm

MOST_ATTEMPTS, LONGEST_DELAY, SHORTEST_TIMEOUT, DAILY = 10, 3600, 5, 24 * 60
_PLANNABLE = (RunKind.SYNCHRONIZE, RunKind.MATCH, RunKind.FIND_DELETED, RunKind.STATISTICS)
_YEARS = range(1970, 9000)  # the last ones of the calendar have no tomorrow, and no evening in other zones
_WALL = "%Y-%m-%dT%H:%M"
_DAYS = [(day, f"{day.capitalize()}s") for day in WEEKDAYS]


class WallTimeField(forms.Field):
    """What the clock on the wall shows, without a zone; the form knows which zone is meant."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_WALL)

    def to_python(self, value: Any) -> datetime | None:
        if not value:
            return None
        try:
            wall = datetime.fromisoformat(str(value)).replace(tzinfo=None)
        except ValueError as error:
            raise ValidationError("This is no date and time.") from error
        if wall.year not in _YEARS:
            raise ValidationError(f"Choose a year from {_YEARS[0]} to {_YEARS[-1]}; leave it blank for no such moment.")
        return wall

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != (initial and initial.replace(second=0, microsecond=0)))
        except ValidationError:
            return True


class QueueEntryForm(SectionedForm, _EntryModelForm):
    """One job queue entry. ``recurring`` follows from weekdays and formula; of these two, one clears the other (engine.md section 21.3)."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    days = forms.MultipleChoiceField(
        label="Run on", choices=_DAYS, required=False, widget=forms.CheckboxSelectMultiple, help_text="None: it runs once."
    )
    time_zone = forms.ChoiceField(
        choices=[(name, name.replace("_", " ")) for name in sorted(available_timezones())],
        help_text="Days and times of this entry are meant in this zone.",
    )
    earliest_start = WallTimeField(label="Earliest Start Date/Time", required=False, help_text="Blank or past: as soon as it is Ready.")
    expiration = WallTimeField(
        label="Expiration Date/Time", required=False, help_text="After this moment the entry is deleted without a run."
    )

    sections = (
        Section(title="General", fields=("description", "run_kind", "mapping", "category", "priority"), wide=("description",)),
        Section(
            title="Recurrence",
            fields=("days", "minutes_between_runs", "next_run_formula", "starting_time", "ending_time", "time_zone"),
            wide=("days",),
        ),
        Section(title="Schedule", fields=("earliest_start", "expiration")),
        Section(title="Failures and inactivity", fields=("maximum_attempts", "rerun_delay_seconds", "inactivity_minutes")),
    )

    class Meta:
        model = JobQueueEntry
        fields = (
            "description", "run_kind", "mapping", "category", "priority", "minutes_between_runs", "next_run_formula", "starting_time",
            "ending_time", "time_zone", "maximum_attempts", "rerun_delay_seconds", "inactivity_minutes",
        )  # fmt: skip
        labels = {
            "run_kind": "Object to Run",
            "category": "Job Queue Category Code",
            "priority": "Priority within Category",
            "minutes_between_runs": "No. of Minutes between Runs",
            "next_run_formula": "Next Run Date Formula",
            "maximum_attempts": "Maximum No. of Attempts to Run",
            "rerun_delay_seconds": "Rerun Delay (sec.)",
            "inactivity_minutes": "Inactivity Timeout Period (min.)",
        }
        help_texts = {
            "category": "Entries of one category run one at a time.",
            "priority": "Lower numbers go first.",
            "minutes_between_runs": "0: once a day, at the starting time. Days as minutes (1440) keep the time of day.",
            "next_run_formula": "In place of days: a date formula such as 1D+CM, or cron such as 0 6 * * MON-FRI.",
            "starting_time": "No run begins before it.",
            "ending_time": "No run begins after it. Earlier than the starting time: on the next day.",
            "maximum_attempts": "How often a failed run is tried again (0 to 10).",
            "rerun_delay_seconds": "Before each attempt, and longer after several (0 to 3600).",
            "inactivity_minutes": "The pause after a run that changed nothing (0, or 5 and more). 0: it rests until a change wakes it.",
        }
        widgets = {name: forms.TimeInput(attrs={"type": "time"}, format="%H:%M") for name in ("starting_time", "ending_time")}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        entry = self.instance
        kinds = dict.fromkeys([*_PLANNABLE, RunKind(entry.run_kind)])
        self.fields["run_kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]
        self.fields["minutes_between_runs"].required = False
        by_days = entry.recurring and not entry.next_run_formula
        self.initial["days"] = [day for day in WEEKDAYS if by_days and getattr(entry, f"run_on_{day}")]
        for name in ("earliest_start", "expiration"):
            moment = getattr(entry, name)
            self.initial[name] = moment.astimezone(ZoneInfo(entry.time_zone)).replace(tzinfo=None) if moment else None
        self.initial["seen"] = _seen(entry) if entry.pk else ""

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("seen") != self.initial["seen"]:
            raise ValidationError("Somebody else has changed this entry while you were here. Open the page again and repeat your change.")
        if given.get("run_kind") not in (None, RunKind.STATISTICS) and not given.get("mapping"):
            self.add_error("mapping", "Choose the mapping that it works on.")
        self._clear_days_or_formula()
        self._check_limits()
        if "minutes_between_runs" not in self.errors and given.get("minutes_between_runs") is None:
            given["minutes_between_runs"] = DAILY if given.get("days") else 0
        start, end = given.get("earliest_start"), given.get("expiration")
        if start and end and end <= start:
            self.add_error("expiration", "It has to be later than the earliest start.")
        if not self.errors and self._recurs():
            self._check_next_run()
        return given

    def values(self) -> dict[str, Any]:
        """Column values of the entry; moments in UTC."""
        given = self.cleaned_data
        values = {name: given[name] for name in self.Meta.fields}
        values |= {f"run_on_{day}": day in given["days"] for day in WEEKDAYS}
        for name in ("earliest_start", "expiration"):
            if name in self.changed_data or "time_zone" in self.changed_data:
                values[name] = given[name].replace(tzinfo=ZoneInfo(given["time_zone"])).astimezone(UTC) if given[name] else None
        return values | {"recurring": self._recurs()}

    def _recurs(self) -> bool:
        return bool(self.cleaned_data.get("days") or self.cleaned_data.get("next_run_formula"))

    def _clear_days_or_formula(self) -> None:
        """The one that was set last clears the other."""
        given = self.cleaned_data
        if given.get("days") and given.get("next_run_formula"):
            given["days" if "next_run_formula" in self.changed_data else "next_run_formula"] = (
                [] if "next_run_formula" in self.changed_data else ""
            )

    def _check_limits(self) -> None:
        limits: Mapping[str, tuple[int, str]] = {
            "maximum_attempts": (MOST_ATTEMPTS, f"At most {MOST_ATTEMPTS}."),
            "rerun_delay_seconds": (LONGEST_DELAY, f"At most {LONGEST_DELAY} seconds."),
            "priority": (32767, "At most 32767."),
        }
        for name, (most, text) in limits.items():
            if (self.cleaned_data.get(name) or 0) > most:
                self.add_error(name, text)
        if 0 < (self.cleaned_data.get("inactivity_minutes") or 0) < SHORTEST_TIMEOUT:
            self.add_error("inactivity_minutes", f"At least {SHORTEST_TIMEOUT} minutes, or 0.")

    def _check_next_run(self) -> None:
        given = self.cleaned_data
        rule = Recurrence(
            zone=ZoneInfo(given["time_zone"]),
            weekdays=frozenset(number for number, day in enumerate(WEEKDAYS) if day in given["days"]),
            minutes=given["minutes_between_runs"],
            starting=given["starting_time"],
            ending=given["ending_time"],
            formula=given["next_run_formula"],
        )
        try:
            rule.next_run(timezone.now())
        except (NoNextRun, OverflowError) as error:
            self.add_error("next_run_formula" if given["next_run_formula"] else "days", str(error))


def _seen(entry: JobQueueEntry) -> str:
    return fingerprint({**entry_plain(entry), "earliest_start": str(entry.earliest_start), "expiration": str(entry.expiration)})
