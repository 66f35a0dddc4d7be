"""The default job queue entries of the default set-up (default-setup.md)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from joblog.models import JobQueueEntry, QueueStatus, RunKind
from joblog.statistics import statistics_possible
from mappings.changes import Person
from mappings.default_setup import SetupReport, ask_default_setup
from mappings.defaults import default_setup
from mappings.models import IntegrationTableMapping, System
from syncadmin.sync.errors import RunError

_CUSTOMER = "CUSTOMER"


def set_up(business_central: System, sales: System, user: Person, *, names: Collection[str] | None = None) -> tuple[SetupReport, list[str]]:
    """The default mappings of a company with their job queue entries, all or nothing; what was made of both, in words.

    ``names`` are the mappings to set up, None: all. Raises RunError and RetryLater of the connectors, and RunError ``meanwhile`` where
    somebody else has made one of the mappings at the same moment.
    """
    asked = ask_default_setup(business_central, sales, names=names)
    try:
        with transaction.atomic():
            return asked.save(user), _apply_default_entries(business_central, names)
    except IntegrityError as error:
        raise RunError("meanwhile", "Somebody else has set up the same mappings at this moment. Look at them first.") from error


def _apply_default_entries(business_central: System, names: Collection[str] | None) -> list[str]:
    """Creates the entries that are missing for this company's mappings; those that exist keep their schedule. What was made, in words.

    ``names`` keeps to the entries of these mappings; None: all. The figures of customers go with the mapping CUSTOMER.
    """
    made = []
    for plain in default_setup()["job_queue_entries"]:
        if names is not None and (plain["mapping"] or _CUSTOMER) not in names:
            continue
        mapping = _mapping(plain, business_central)
        if plain["mapping"] and mapping is None:
            continue
        entry = {"description": plain["name"], "mapping": mapping, "recurring": True}
        if not JobQueueEntry.objects.filter(**entry).exists():
            JobQueueEntry.objects.create(**entry, **_values(plain, business_central))
            made.append(plain["name"])
    return made


def entry_on_hold(mapping: IntegrationTableMapping) -> JobQueueEntry:
    """Makes the entry of a mapping that somebody added, with the schedule that default mappings have; a person sets it to Ready."""
    return JobQueueEntry.objects.create(
        description=f"{mapping.name} - Dynamics 365 Sales synchronization job",
        mapping=mapping,
        run_kind=RunKind.SYNCHRONIZE,
        status=QueueStatus.ON_HOLD,
        recurring=True,
        minutes_between_runs=30,
        inactivity_minutes=720,
        maximum_attempts=10,
        rerun_delay_seconds=30,
        time_zone=mapping.business_central.time_zone,
        earliest_start=timezone.now(),
    )


def _mapping(plain: Mapping[str, Any], business_central: System) -> IntegrationTableMapping | None:
    return IntegrationTableMapping.objects.filter(business_central=business_central, name=plain["mapping"] or "", enabled=True).first()


def _values(plain: Mapping[str, Any], business_central: System) -> dict[str, Any]:
    statistics = QueueStatus.INACTIVE if statistics_possible(business_central.company) else QueueStatus.ON_HOLD
    return {
        "run_kind": RunKind.SYNCHRONIZE if plain["mapping"] else RunKind.STATISTICS,
        "status": QueueStatus.READY if plain["mapping"] else statistics,
        "category": plain["category"],
        "minutes_between_runs": plain["frequency_minutes"],
        "inactivity_minutes": plain["inactivity_timeout_minutes"],
        "maximum_attempts": plain["max_attempts"],
        "rerun_delay_seconds": plain["rerun_delay_seconds"],
        "time_zone": business_central.time_zone,
        "earliest_start": timezone.now(),
        "last_ready_at": timezone.now() if plain["mapping"] else None,
        "priority": plain["order"],
        **{
            f"run_on_{day.lower()}": day in plain["run_on"]
            for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
        },
    }
