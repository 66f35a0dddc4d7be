"""Figures for a monitoring system, all from the database, so that they are right whichever process is asked (commands.md section 4)."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Min, Q
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from joblog.claims import RUNNABLE
from joblog.models import JobQueueEntry, JobTotals, QueueStatus, Worker
from joblog.pauses import open_pause
from mappings.models import IntegrationTableMapping, SystemTraffic
from mappings.troubleshooting import with_troubles

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_JOB = ("company", "mapping", "type", "direction")


def exposition() -> bytes:
    """All figures as Prometheus text, in seven statements."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures())
    return generate_latest(registry)


class _Figures(Collector):
    def describe(self) -> list[Metric]:
        """Nothing: registering must not ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        yield from _jobs()
        yield from _queue()
        yield from _traffic()
        yield from _workers()
        yield from _mappings()


def _jobs() -> Iterator[Metric]:
    jobs = CounterMetricFamily("syncadmin_jobs", "Ended synch jobs.", labels=(*_JOB, "status"))
    records = CounterMetricFamily("syncadmin_records", "Records that ended synch jobs touched.", labels=(*_JOB, "outcome"))
    read = CounterMetricFamily("syncadmin_records_read", "Records that ended synch jobs read.", labels=_JOB)
    seconds = CounterMetricFamily("syncadmin_job_seconds", "How long ended synch jobs took.", labels=_JOB)
    for row in JobTotals.objects.order_by("company", "mapping_name", "type", "direction"):
        labels = [row.company, row.mapping_name, row.type, row.direction]
        for status, name in JobTotals.STATUSES.items():
            jobs.add_metric([*labels, status], getattr(row, name))
        for name in JobTotals.COUNTERS:
            records.add_metric([*labels, name], getattr(row, name))
        read.add_metric(labels, row.read)
        seconds.add_metric(labels, row.seconds)
    yield from (jobs, records, read, seconds)


def _queue() -> Iterator[Metric]:
    entries = GaugeMetricFamily("syncadmin_queue_entries", "Job queue entries by status.", labels=["status"])
    numbers = dict(JobQueueEntry.objects.order_by().values_list("status").annotate(Count("id")))
    for status in QueueStatus.values:
        entries.add_metric([status], numbers.get(status, 0))
    now = timezone.now()
    due = Q(status__in=RUNNABLE, earliest_start__lte=now)
    found = JobQueueEntry.objects.filter(due).aggregate(number=Count("id"), oldest=Min("earliest_start"))
    yield entries
    yield GaugeMetricFamily("syncadmin_queue_length", "Job queue entries that are due and wait for a worker.", value=found["number"])
    age = (now - found["oldest"]).total_seconds() if found["oldest"] else 0
    yield GaugeMetricFamily("syncadmin_queue_age_seconds", "How long the oldest of them has waited.", value=age)


def _traffic() -> Iterator[Metric]:
    labels = ("system", "kind", "purpose")
    sent = CounterMetricFamily("syncadmin_requests", "Requests to a system, sign-in not counted.", labels=labels)
    throttled = CounterMetricFamily("syncadmin_throttled", "Requests that a system answered with 429, too many.", labels=labels)
    rows = SystemTraffic.objects.order_by("system__name", "purpose")
    for name, kind, purpose, requests, busy in rows.values_list("system__name", "system__kind", "purpose", "requests", "throttled"):
        sent.add_metric([name, kind, purpose], requests)
        throttled.add_metric([name, kind, purpose], busy)
    yield from (sent, throttled)


def _workers() -> Iterator[Metric]:
    workers = GaugeMetricFamily("syncadmin_workers", "Workers that have not signed off, by state.", labels=["state"])
    rows = list(Worker.objects.filter(stopped_at=None))
    states = [row.state for row in rows]
    for state in ("Running", "Stopping", "Lost"):
        workers.add_metric([state], states.count(state))
    processes = sum(row.processes for row in rows if row.state == "Running")
    yield workers
    yield GaugeMetricFamily("syncadmin_worker_processes", "Processes of running workers.", value=processes)


def _mappings() -> Iterator[Metric]:
    failing = GaugeMetricFamily("syncadmin_records_failing", "Coupled records that failed last time.", labels=["company", "mapping"])
    skipped = GaugeMetricFamily("syncadmin_records_skipped", "Coupled records that are left out.", labels=["company", "mapping"])
    ran = GaugeMetricFamily("syncadmin_last_run_timestamp_seconds", "When the mapping ran last.", labels=["company", "mapping"])
    rows = with_troubles(IntegrationTableMapping.objects.all()).order_by("business_central__name", "order", "name")
    for company, name, failed, skips, last in rows.values_list("business_central__company", "name", "failed", "skipped", "last_run_at"):
        failing.add_metric([company, name], failed)
        skipped.add_metric([company, name], skips)
        if last:
            ran.add_metric([company, name], last.timestamp())
    yield from (failing, skipped, ran)
    paused = GaugeMetricFamily("syncadmin_paused", "1 while everything is paused by a person.", value=int(open_pause() is not None))
    yield paused
