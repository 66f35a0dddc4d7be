"""Differences of settings in the words of the pages."""

from __future__ import annotations

from typing import Any

import pytest

from joblog.exchange import entry_plain
from joblog.models import JobQueueEntry, NoticeRule
from joblog.notice_exchange import rule_to_json
from mappings.captions import captions_of
from mappings.differences import Line, differing_lines
from mappings.exchange import systems_to_json, whole_mapping
from mappings.models import ConfigTemplate, IntegrationFieldMapping, IntegrationTableMapping, System

FIELD = {"field": "name", "integration_field": "n", "transformation_direction": "", "clear_on_failed_sync": False}


def told(kind: str, before: Any, after: Any) -> list[Line]:
    return differing_lines(before, after, captions_of(kind))


def test_settings_of_a_mapping_are_called_as_its_page_calls_them():
    before = {"synch_only_coupled": True, "update_conflict_resolution": "None", "fields": [FIELD]}
    after = {
        "synch_only_coupled": False,
        "update_conflict_resolution": "SendUpdateToIntegration",
        "fields": [FIELD | {"transformation_direction": "ToIntegrationTable", "clear_on_failed_sync": True}],
    }
    assert told("mapping", before, after) == [
        Line("Synch. Only Coupled Records", "yes", "no"),
        Line("Resolve Update Conflicts", "None", "Send Update to Integration"),
        Line("Field Mappings · name / n · Transformation Direction", "–", "To Sales"),
        Line("Field Mappings · name / n · Clear Value on Failed Sync", "no", "yes"),
    ]


def test_names_that_the_systems_gave_stay_as_they_are():
    before = {"templates": [{"code": "NEW", "side": "sales", "defaults": {"bcbi_company_code": "1"}}]}
    after = {"templates": [{"code": "NEW", "side": "business_central", "defaults": {"bcbi_company_code": "2"}}]}
    assert told("mapping", before, after) == [
        Line("Config. Templates · NEW · New Records In", "Dynamics 365 Sales", "Business Central"),
        Line("Config. Templates · NEW · Values · bcbi_company_code", "1", "2"),
    ]


def test_a_rule_and_pairs_of_options_are_told_in_the_versions_of_a_mapping_too():
    lines = told("mapping", {"parameters": {"direction": "="}}, {"parameters": {"direction": "<"}, "next_rule": "TRIM"})
    assert lines == [
        Line("Parameters · Direction", "= to the nearest", "< down, towards zero"),
        Line("Next Transformation Rule", "–", "TRIM"),
    ]
    pairs = told("mapping", {"pairs": [{"code": "A", "value": 1}]}, {"pairs": [{"code": "A", "value": 2}]})
    assert pairs == [Line("Pairs · A · Option value", "1", "2")]


@pytest.mark.parametrize(
    ("kind", "before", "after", "line"),
    [
        ("job queue entry", {"minutes_between_runs": 30}, {"minutes_between_runs": 60}, Line("No. of Minutes between Runs", "30", "60")),
        ("job queue entry", {"run_kind": "match"}, {"run_kind": "couple"}, Line("Object to Run", "Match-based coupling", "Couple records")),
        ("role center", {"errors": {"warn_from": 1}}, {"errors": {"warn_from": 2}}, Line("Open errors · Yellow from", "1", "2")),
        ("log retention", {"failed": 30}, {"failed": None}, Line("Jobs with failed records, in error or canceled", "30", "–")),
        ("notice rule", {"channel": "email"}, {"channel": "product"}, Line("Channel", "E-mail", "In the product")),
        ("system", {"ownership_model": "Person"}, {"ownership_model": "Team"}, Line("Ownership model", "Person", "Team")),
        ("something else", {"some_key": 1}, {"some_key": 2}, Line("some key", "1", "2")),
    ],
)
def test_other_kinds_of_settings_have_their_captions(kind: str, before: Any, after: Any, line: Line):
    assert told(kind, before, after) == [line]


@pytest.mark.django_db
def test_no_two_settings_of_an_object_have_the_same_caption():
    system = System.objects.create(name="CRONUS", kind="business_central", address="http://a")
    mapping = IntegrationTableMapping(name="CUSTOMER", business_central=system, sales=system)
    plain = whole_mapping(mapping, [IntegrationFieldMapping()], [ConfigTemplate()])
    objects = [
        ("mapping", plain),
        ("system", systems_to_json()[0]),
        ("job queue entry", entry_plain(JobQueueEntry())),
        ("notice rule", rule_to_json(NoticeRule())),
    ]
    for kind, one in objects:
        captions = captions_of(kind)
        names = [captions.name(key) for key in one]
        assert len(set(names)) == len(names), kind
        assert [name for name in names if "_" in name] == []
    for part, row in (("fields", plain["fields"][0]), ("templates", plain["templates"][0])):
        names = [captions_of("mapping").inside(part).name(key) for key in row]
        assert len(set(names)) == len(names)
