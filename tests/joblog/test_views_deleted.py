"""The buttons for deleted records make job queue entries."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from joblog.models import JobQueueEntry
from mappings.models import Coupling, IntegrationTableMapping


def test_finding_is_for_the_whole_mapping(operator: Client, mapping: IntegrationTableMapping) -> None:
    answer = operator.post(reverse("joblog:deleted", args=[mapping.pk]), {"run": "find"}, follow=True)
    entry = JobQueueEntry.objects.get()
    assert (entry.run_kind, entry.parameters, entry.mapping) == ("find_deleted", {}, mapping)
    assert "will be looked for in the background" in answer.content.decode()


@pytest.mark.parametrize("run", ["restore", "delete"])
def test_an_action_takes_the_ticked_couplings(
    operator: Client, mapping: IntegrationTableMapping, make_coupling: Callable[..., Coupling], run: str
) -> None:
    one, two, _ = make_coupling(), make_coupling(), make_coupling()
    operator.post(reverse("joblog:deleted", args=[mapping.pk]), {"run": run, "coupling": [one.pk, two.pk]})
    entry = JobQueueEntry.objects.get()
    assert (entry.run_kind, sorted(entry.parameters["bc_keys"])) == (run, sorted([str(one.bc_key), str(two.bc_key)]))


@pytest.mark.parametrize("data", [{"run": "restore"}, {"run": "delete", "coupling": "x"}, {"run": "wipe"}, {}])
def test_without_records_or_a_known_run_nothing_starts(operator: Client, mapping: IntegrationTableMapping, data: dict[str, str]) -> None:
    answer = operator.post(reverse("joblog:deleted", args=[mapping.pk]), data, follow=True)
    assert "Nothing was started" in answer.content.decode()
    assert not JobQueueEntry.objects.exists()


def test_a_reader_may_not(reader: Client, mapping: IntegrationTableMapping) -> None:
    assert reader.post(reverse("joblog:deleted", args=[mapping.pk]), {"run": "find"}).status_code == 403


def test_the_page_of_couplings_offers_the_actions(operator: Client, mapping: IntegrationTableMapping) -> None:
    page = operator.get(reverse("joblog:coupling-list", args=[mapping.pk]), follow=True).content.decode()
    assert all(label in page for label in ("Restore Records", "Delete Records", "Find for Deleted"))
