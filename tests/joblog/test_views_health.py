"""What machines ask: /healthz and /metrics."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from joblog.models import Worker
from joblog.totals import count_jobs
from mappings.models import IntegrationTableMapping, Purpose, SystemTraffic
from tests.installation import ROOT, free_place, wait_until
from tests.joblog.conftest import MakeJob
from tests.joblog.test_wake_up import make_entry

TOKEN = {"Authorization": "Bearer t0ken"}


@pytest.fixture
def worker(db: None) -> Worker:
    now = timezone.now()
    return Worker.objects.create(host="one", pid=1, processes=2, started_at=now, heartbeat_at=now)


def test_all_is_well_while_a_worker_lives(client: Client, worker: Worker) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_health_is_told_beside_the_proxy_too(worker: Worker, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert (Client().get("/healthz").status_code, Client().get("/log/").status_code) == (200, 301)


@pytest.mark.parametrize("column", ["heartbeat_at", "stopped_at"])
def test_without_a_living_worker_it_says_why(client: Client, worker: Worker, column: str) -> None:
    Worker.objects.update(**{column: timezone.now() - timedelta(hours=2)})
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "no worker has been seen lately")


@pytest.mark.processes
def test_without_a_database_it_says_why(tmp_path: Path) -> None:
    place = free_place()
    environment = os.environ | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none", "SYNCADMIN_DATA_DIR": str(tmp_path)}
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "syncadmin.wsgi", "--bind", place, "--log-level", "critical"], cwd=ROOT, env=environment
    )
    try:
        status, answer = wait_until(lambda: _asked(f"http://{place}/healthz"), what="an answer")
        assert (status, answer) == (503, {"status": "unavailable", "reason": "the database does not answer"})
    finally:
        server.terminate()
        server.wait()


def _asked(address: str) -> tuple[int, Any] | None:
    try:
        with urlopen(address) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        return error.code, json.loads(error.read())
    except OSError:
        return None


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic t0ken"}, {"Authorization": "t0ken"}])
def test_figures_need_the_token(client: Client, db: None, settings: Any, header: dict[str, str]) -> None:
    settings.METRICS_TOKEN = "t0ken"
    answer = client.get("/metrics", headers=header)
    assert (answer.status_code, answer.content) == (401, b"")


def test_without_the_setting_there_are_no_figures(client: Client, db: None, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


Figures = Callable[..., float]
JOB = {"company": "CRONUS", "mapping": "CUSTOMER", "type": "Synchronization", "direction": "ToIntegrationTable"}


@pytest.fixture
def figure(client: Client, settings: Any) -> Figures:
    """The value of one figure, by its name without prefix and its labels."""
    settings.METRICS_TOKEN = "t0ken"

    def ask(name: str, **labels: str) -> float:
        text = client.get("/metrics", headers=TOKEN).content.decode()
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return next(sample.value for sample in samples if sample.name == f"syncadmin_{name}" and sample.labels == labels)

    return ask


def test_jobs_and_records_are_counted_once(figure: Figures, make_job: MakeJob) -> None:
    make_job(company="CRONUS", inserted=3, failed=1, read=9)
    make_job(company="CRONUS", inserted=2, status="Error")
    make_job(company="CRONUS", inserted=100, status="In Process")
    assert [count_jobs(), count_jobs()] == [2, 0]
    assert figure("jobs_total", **JOB, status="Finished") == figure("jobs_total", **JOB, status="Error") == 1
    assert (figure("records_total", **JOB, outcome="inserted"), figure("records_total", **JOB, outcome="failed")) == (5, 1)
    assert (figure("records_read_total", **JOB), figure("job_seconds_total", **JOB)) == (9, 8)


def test_totals_outlive_the_log(figure: Figures, make_job: MakeJob) -> None:
    job = make_job(company="CRONUS", inserted=3)
    count_jobs()
    job.delete()
    make_job(company="CRONUS", inserted=1)
    count_jobs()
    assert figure("records_total", **JOB, outcome="inserted") == 4


def test_the_queue_its_age_and_the_workers(figure: Figures, mapping: IntegrationTableMapping, worker: Worker) -> None:
    make_entry(mapping, "Ready", earliest_start=timezone.now() - timedelta(seconds=90))
    make_entry(mapping, "Ready")
    make_entry(mapping, "Error", earliest_start=None)
    assert [figure("queue_length"), figure("queue_entries", status="Ready"), figure("queue_entries", status="Error")] == [1, 2, 1]
    assert 90 <= figure("queue_age_seconds") < 150
    assert [figure("workers", state="Running"), figure("worker_processes"), figure("workers", state="Lost")] == [1, 2, 0]


def test_requests_and_throttling_per_system(figure: Figures, mapping: IntegrationTableMapping) -> None:
    for _ in range(2):
        SystemTraffic.count(mapping.sales, Purpose.POLLS, requests=2, throttled=1)
    labels = {"system": "contoso.crm", "kind": "sales", "purpose": "polls"}
    assert (figure("requests_total", **labels), figure("throttled_total", **labels)) == (4, 2)


def test_failing_records(figure: Figures, make_coupling: Callable[..., Any]) -> None:
    make_coupling(to_result="Failure")
    make_coupling(skipped=True)
    labels = {"company": "CRONUS", "mapping": "CUSTOMER"}
    assert (figure("records_failing", **labels), figure("records_skipped", **labels)) == (1, 1)


def test_figures_cost_seven_statements(
    client: Client, settings: Any, make_job: MakeJob, django_assert_num_queries: Callable[[int], Any]
) -> None:
    settings.METRICS_TOKEN = "t0ken"
    for name in ("A", "B", "C"):
        make_job(mapping_name=name)
    count_jobs()
    with django_assert_num_queries(7):
        client.get("/metrics", headers=TOKEN)
