"""Compare Jobs: facts, settings and records of two runs beside each other."""

from __future__ import annotations

from typing import Any

from django.test import Client

from joblog.job_comparison import Comparison, compare_jobs
from joblog.models import SynchJob
from mappings.changes import save_with_history
from mappings.models import IntegrationTableMapping
from tests.joblog.conftest import MakeEntry, MakeJob, MakeMapping

# session, person, 2 x permissions, both jobs, their records, systems of the top bar, pause
QUERIES = 10


def compared(first: SynchJob, second: SynchJob) -> Comparison:
    return compare_jobs(*(SynchJob.objects.select_related("mapping").get(pk=job.pk) for job in (first, second)))


def url(first: SynchJob, second: SynchJob) -> str:
    return f"/log/{first.pk}/compare/?with={second.pk}"


def test_facts_stand_beside_each_other_and_the_older_job_first(reader: Client, make_job: MakeJob) -> None:
    older, newer = make_job(days=1, inserted=3, read=10), make_job(inserted=5, read=10)
    facts = {one.label: one for one in compared(older, newer).facts}
    assert (facts["Inserted"].first, facts["Inserted"].second, facts["Inserted"].differs) == ("3", "5", True)
    assert not facts["Read"].differs
    assert reader.get(url(newer, older)).context["first"].pk == older.pk


def test_records_that_fared_differently_are_told_those_that_failed_first(make_job: MakeJob, make_entry: MakeEntry) -> None:
    older, newer = make_job(), make_job()
    for job in (older, newer):
        make_entry(job, "Modified", source_key="same", source_label="Same", changes=[{"field": "city", "old": "A", "new": "B"}])
    make_entry(newer, "Inserted", source_key="a", source_label="Only now")
    make_entry(older, "Failed", source_key="b", source_label="Failed before")
    make_entry(newer, "Modified", source_key="b", source_label="Failed before")
    rows = compared(older, newer).fared
    assert [(one.label, one.first and one.first.action, one.second and one.second.action) for one in rows] == [
        ("Failed before", "Failed", "Modified"),
        ("Only now", None, "Inserted"),
    ]


def test_what_was_changed_in_the_settings_between_them_is_told(make_job: MakeJob, mapping: IntegrationTableMapping) -> None:
    older = make_job(company="CRONUS", mapping_version=mapping.version)
    mapping.synch_only_coupled = False
    save_with_history(mapping, None, "changed", mapping.save)
    newer = make_job(company="CRONUS", mapping_version=mapping.version)
    settings = compared(older, newer).settings
    assert settings is not None
    assert [(one.name, one.before, one.after) for one in settings] == [("Synch. Only Coupled Records", "yes", "no")]


def test_jobs_of_two_mappings_have_only_facts_in_common(reader: Client, make_job: MakeJob, make_mapping: MakeMapping) -> None:
    other = make_job(mapping=make_mapping("CONTACT"))
    page = reader.get(url(make_job(), other)).content.decode()
    assert "The jobs are of two mappings." in page and "in the same direction" in page


def test_two_jobs_have_to_be_named(reader: Client, make_job: MakeJob) -> None:
    assert reader.get(f"/log/{make_job().pk}/compare/").status_code == 404
    assert 'data-needs="two"' in reader.get("/log/").content.decode()


def test_no_query_per_record(reader: Client, make_job: MakeJob, make_entry: MakeEntry, django_assert_num_queries: Any) -> None:
    older, newer = make_job(), make_job()
    reader.get(url(older, newer))
    for _ in range(8):
        make_entry(older), make_entry(newer, "Inserted")
    with django_assert_num_queries(QUERIES):
        reader.get(url(older, newer))
