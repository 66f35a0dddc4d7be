"""What setup says when it cannot do what it is asked: exit code 2, and nothing is changed (commands.md section 1)."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from mappings.models import ConfigurationChange, IntegrationTableMapping, System
from tests.people import People


def refused(*arguments: str, **options: Any) -> str:
    """What the command complains of; it must end with code 2."""
    said = StringIO()
    with pytest.raises((SystemExit, CommandError)) as stop:
        call_command("setup", *arguments, stdout=StringIO(), stderr=said, **options)
    error = stop.value
    code, text = (error.returncode, str(error)) if isinstance(error, CommandError) else (error.code, said.getvalue())
    assert code == 2
    return text


@pytest.fixture
def configuration(company: People, tmp_path: Path) -> Path:
    path = tmp_path / "configuration.json"
    call_command("setup", "export", str(path), stdout=StringIO())
    return path


def changed(path: Path, **values: Any) -> Path:
    """The file with these top keys."""
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
    return path


def test_an_export_has_the_keys_that_scripts_rely_on(configuration: Path) -> None:
    data = json.loads(configuration.read_text())
    assert data.keys() >= {"systems", "mappings", "job_queue_entries"}
    customer = next(row for row in data["mappings"] if row["name"] == "CUSTOMER")
    assert customer.keys() >= {
        "name", "table", "integration_table", "direction", "table_filter", "integration_table_filter", "synch_only_coupled",
        "update_conflict_resolution", "deletion_conflict_resolution", "create_new_if_no_match", "synch_after_match", "fields",
    }  # fmt: skip
    assert customer["fields"][0].keys() >= {
        "field", "integration_field", "direction", "constant_value", "status", "transformation_rule", "use_for_match", "match_priority",
        "case_sensitive",
    }  # fmt: skip
    assert (customer["direction"], customer["update_conflict_resolution"], customer["deletion_conflict_resolution"]) == (
        "Bidirectional", "None", "None",
    )  # fmt: skip


def test_an_import_tells_what_it_will_change(configuration: Path) -> None:
    data = json.loads(configuration.read_text())
    next(row for row in data["mappings"] if row["name"] == "CUSTOMER")["synch_only_coupled"] = False
    told = StringIO()
    call_command("setup", "import", str(changed(configuration, mappings=data["mappings"])), stdout=told)
    assert "CUSTOMER" in told.getvalue() and "synch_only_coupled" in told.getvalue()
    assert not IntegrationTableMapping.objects.get(name="CUSTOMER").synch_only_coupled
    told = StringIO()
    call_command("setup", "import", str(configuration), stdout=told)
    assert told.getvalue().strip() == "Nothing to change."


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"moon": []}, "unknown key moon"),
        ({"mappings": {}}, "mappings"),
        ({"mappings": ["CUSTOMER"]}, "mappings"),
        ({"mappings": [{"name": "CUSTOMER", "colour": "red"}]}, "colour"),
        ({"mappings": [{"name": "CUSTOMER", "update_conflict_resolution": "Toss"}]}, "Toss"),
        ({"mappings": [{"name": "CUSTOMER", "fields": [{"field": "city", "direction": "Up"}]}]}, "Up"),
        ({"systems": [{"name": "CRONUS", "client_secret": "x"}]}, "client_secret"),
        ({"job_queue_entries": [{"description": "X", "mapping": "NOTHING"}]}, "NOTHING"),
        ({"job_queue_entries": [{"description": "X", "starting_time": "noon"}]}, "noon"),
        ({"option_mappings": 1}, "option_mappings"),
    ],
)  # fmt: skip
def test_a_file_with_a_mistake_changes_nothing(configuration: Path, values: dict[str, Any], reason: str) -> None:
    before = ConfigurationChange.objects.count()
    said = refused("import", str(changed(configuration, **values)))
    assert said.startswith("Nothing was changed:") and reason in said
    assert ConfigurationChange.objects.count() == before


@pytest.mark.parametrize("text", ["", "[1]", "{", '"text"'])
def test_what_is_no_configuration_is_refused(company: People, tmp_path: Path, text: str) -> None:
    path = tmp_path / "configuration.json"
    path.write_text(text)
    assert str(path) in refused("import", str(path))


def test_a_file_that_cannot_be_read_or_written_is_named(company: People, tmp_path: Path) -> None:
    missing = str(tmp_path / "nowhere" / "configuration.json")
    assert missing in refused("import", missing)
    assert missing in refused("export", missing)


def test_without_systems_the_default_set_up_says_what_to_do(db: None) -> None:
    assert "--sandbox" in refused("default")


def test_a_company_that_the_system_does_not_have_is_told_with_those_it_has(company: People) -> None:
    assert "It has: CRONUS" in refused("default", sandbox=company.url, company="FABRIKAM")
    assert not System.objects.filter(company="FABRIKAM").exists()


def test_a_system_out_of_reach_is_told(company: People) -> None:
    System.objects.filter(kind="sales").update(address="http://127.0.0.1:9")
    assert "Sales" in refused("default")


def test_the_secret_of_a_system_that_nobody_knows_is_refused_with_those_there_are(company: People) -> None:
    assert "Known systems: CRONUS" in refused("secret", "NOBODY")
