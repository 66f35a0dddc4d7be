"""Assisted Setup: the steps from an empty installation to records that synchronize, and how far they are."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from joblog.models import JobStatus, SynchJob, Worker
from mappings.models import IntegrationTableMapping, System, SystemKind
from mappings.systems import CONNECTED


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step: whether it is ``done``, and the page (``url``, ``action`` names its link) where it is done; ``text`` says what for.

    ``for_everybody``: the page tells something to those who may not change anything, too.
    """

    title: str
    text: str
    done: bool
    action: str
    url: str
    for_everybody: bool = True


def steps() -> list[Step]:
    """In their order; five statements. Later steps lean on earlier ones, but nobody is kept from going ahead."""
    systems = list(System.objects.all())
    companies = [one for one in systems if one.kind == SystemKind.BUSINESS_CENTRAL]
    environments = [one for one in systems if one.kind == SystemKind.SALES]
    untested = [one for one in systems if one.last_test_message != CONNECTED]
    return [
        _connection(
            SystemKind.BUSINESS_CENTRAL, "One connection per company, with an application that may read and write there.", companies
        ),
        _connection(SystemKind.SALES, "The environment whose records follow Business Central and lead it.", environments),
        Step(
            title="Test the connections",
            text="Address, sign-in, company, permissions per table, clocks and limits are checked one by one.",
            done=bool(companies and environments) and not untested,
            action=f"Test {untested[0].name}" if untested else "Connections",
            url=_of_connection(untested),
        ),
        Step(
            title="Use the default synchronization setup",
            text="Shows what both systems have, which mappings and fields that makes, and makes them.",
            done=IntegrationTableMapping.objects.exists(),
            action="Use Default Synchronization Setup",
            url=reverse("mappings:default-setup"),
        ),
        Step(
            title="Start a worker",
            text="Workers carry out what is scheduled: manage.py qcluster, any number, on any number of machines.",
            done=any(worker.state == "Running" for worker in Worker.objects.filter(stopped_at=None)),
            action="Workers",
            url=reverse("joblog:workers"),
        ),
        Step(
            title="Run the full synchronization",
            text="Looks at both sides, recommends what to couple and what to create, and runs it in the order of dependencies.",
            done=SynchJob.objects.filter(status=JobStatus.FINISHED).exists(),
            action="Full Synchronization Review",
            url=reverse("joblog:full-sync"),
        ),
    ]


def _connection(kind: SystemKind, text: str, systems: list[System]) -> Step:
    url = _of_connection(systems) if systems else reverse("mappings:connection-new", args=[kind.value])
    action = systems[0].name if systems else "Connect"
    return Step(title=f"Connect {kind.label}", text=text, done=bool(systems), action=action, url=url, for_everybody=bool(systems))


def _of_connection(systems: list[System]) -> str:
    return reverse("mappings:connection-edit", args=[systems[0].pk]) if systems else reverse("mappings:connection-list")
