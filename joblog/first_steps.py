"""What comes first before the log can have anything: systems, a mapping, a run."""

from __future__ import annotations

from django.urls import reverse_lazy

from joblog.models import SynchJob
from mappings.first_steps import TABLE_MAPPINGS, missing_mapping
from mappings.models import IntegrationTableMapping
from syncadmin.ui.empty import Missing, NextStep

FULL_SYNCHRONIZATION = NextStep("Full Synchronization Review", reverse_lazy("joblog:full-sync"))
JOB_QUEUE = NextStep("Job Queue Entries", reverse_lazy("joblog:queue"))


def missing_run() -> Missing | None:
    """What to do before there can be jobs and errors; None where a job has run, kept in the log or not. At most four statements."""
    if SynchJob.objects.exists() or IntegrationTableMapping.objects.exclude(last_run_at=None).exists():
        return None
    remedy = "The Full Synchronization Review recommends where to begin; a single mapping is run from the list of mappings."
    return missing_mapping() or Missing("No job has run yet", remedy, [FULL_SYNCHRONIZATION, TABLE_MAPPINGS])
