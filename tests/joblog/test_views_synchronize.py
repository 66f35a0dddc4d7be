"""The buttons that make job queue entries."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ

from joblog.models import JobQueueEntry, QueueStatus, RunKind
from joblog.scope import Scope
from mappings.models import Coupling, IntegrationTableMapping
from syncadmin.sync.records import Direction, Side
from tests.joblog.conftest import MakeMapping

SYNCHRONIZE = "/synchronize/"


def made() -> list[tuple[str, str, Scope]]:
    """(mapping, kind, scope) of each entry in the order they were made."""
    rows = JobQueueEntry.objects.select_related("mapping").order_by("pk")
    return [(row.mapping.name, row.run_kind, Scope.from_json(row.parameters)) for row in rows]


@pytest.mark.parametrize(
    ("run", "kind", "scope"),
    [
        ("synchronize", RunKind.SYNCHRONIZE, Scope()),
        ("preview", RunKind.PREVIEW, Scope()),
        ("full", RunKind.SYNCHRONIZE, Scope(full=True)),
    ],
)
def test_a_button_makes_an_entry_that_is_due_and_rings_a_worker(
    operator: Client, mapping: IntegrationTableMapping, run: str, kind: str, scope: Scope
) -> None:
    operator.post(SYNCHRONIZE, {"mapping": mapping.pk, "run": run})
    assert made() == [("CUSTOMER", kind, scope)]
    entry = JobQueueEntry.objects.get()
    assert (entry.status, entry.trigger, entry.user.username) == (QueueStatus.READY, "person", "operator@example.com")
    assert OrmQ.objects.count() == 1


@pytest.mark.rule("12.all")
@pytest.mark.rule("5.unconditional")
def test_unconditional_is_for_mappings_that_go_one_way(
    operator: Client, mapping: IntegrationTableMapping, make_mapping: MakeMapping
) -> None:
    one_way = make_mapping("CURRENCY", direction="ToIntegrationTable")
    told = operator.post(SYNCHRONIZE, {"mapping": mapping.pk, "run": "unconditional"}, follow=True).content.decode()
    assert "CUSTOMER goes both ways" in told
    assert made() == []
    operator.post(SYNCHRONIZE, {"mapping": one_way.pk, "run": "unconditional"})
    operator.post(SYNCHRONIZE, {"mapping": mapping.pk, "run": "unconditional", "direction": "ToIntegrationTable"})
    assert made() == [
        ("CURRENCY", RunKind.SYNCHRONIZE, Scope(unconditional=True)),
        ("CUSTOMER", RunKind.SYNCHRONIZE, Scope(unconditional=True, directions=(Direction.TO_INTEGRATION,))),
    ]


def test_several_mappings_get_an_entry_each_in_their_order(operator: Client, make_mapping: MakeMapping) -> None:
    later, sooner = make_mapping("CONTACT", order=20), make_mapping("CURRENCY", order=10)
    operator.post(SYNCHRONIZE, {"mapping": [later.pk, sooner.pk], "run": "synchronize"})
    assert [name for name, _, _ in made()] == ["CURRENCY", "CONTACT"]


def test_records_are_named_by_one_side_one_way_with_a_winner(operator: Client, mapping: IntegrationTableMapping) -> None:
    data = {
        "mapping": mapping.pk,
        "run": "synchronize",
        "side": "sales",
        "keys": ["a", "b", "a"],
        "direction": "ToIntegrationTable",
        "use": "sales",
    }
    operator.post(SYNCHRONIZE, data)
    assert made()[0][2] == Scope(sales_keys=("a", "b"), directions=(Direction.TO_INTEGRATION,), use=Side.SALES)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"mapping": "999", "run": "synchronize"}, "select a mapping first"),
        ({"mapping": "x", "run": "synchronize"}, "select a mapping first"),
        ({"run": "delete"}, "there is no run called delete"),
        ({"run": "synchronize", "side": "sales"}, "select a record first"),
        ({"run": "synchronize", "side": "nowhere", "keys": "a"}, "one side says whose keys they are"),
        ({"run": "synchronize", "keys": "a"}, "one side says whose keys they are"),
        ({"run": "synchronize", "direction": "sideways"}, "sideways is no direction"),
    ],
)
def test_what_makes_no_run_is_refused_with_the_reason(
    operator: Client, mapping: IntegrationTableMapping, data: dict[str, str], text: str
) -> None:
    answer = operator.post(SYNCHRONIZE, {"mapping": mapping.pk} | data, follow=True)
    assert text in answer.content.decode()
    assert made() == []


@pytest.mark.rule("6.wrong-direction")
def test_a_record_that_was_seen_coupled_is_not_created_again_when_its_coupling_is_gone(
    operator: Client, mapping: IntegrationTableMapping
) -> None:
    coupling = Coupling.objects.create(mapping=mapping, bc_key="a", sales_key="b")
    data = {"run": "synchronize", "mapping": mapping.pk, "side": "business_central", "keys": "a", "seen_coupling": coupling.pk}
    operator.post(SYNCHRONIZE, data)
    assert len(made()) == 1
    coupling.delete()
    assert "the coupling of this record was deleted meanwhile" in operator.post(SYNCHRONIZE, data, follow=True).content.decode()
    assert len(made()) == 1


def test_a_direction_that_the_mapping_does_not_go_is_refused(operator: Client, make_mapping: MakeMapping) -> None:
    one_way = make_mapping("CURRENCY", direction="ToIntegrationTable")
    data = {"mapping": one_way.pk, "run": "synchronize", "direction": "FromIntegrationTable"}
    told = operator.post(SYNCHRONIZE, data, follow=True).content.decode()
    assert "the mapping CURRENCY is not configured for FromIntegrationTable synchronization." in told
    assert made() == []


def test_a_mapping_that_travels_inside_another_does_not_run_by_itself(operator: Client, make_mapping: MakeMapping) -> None:
    inner, other = make_mapping("LINES", parent_name="INVOICES"), make_mapping("INVOICES")
    told = operator.post(SYNCHRONIZE, {"mapping": inner.pk, "run": "synchronize"}, follow=True).content.decode()
    assert "LINES travels inside INVOICES. Synchronize INVOICES." in told
    operator.post(SYNCHRONIZE, {"mapping": [inner.pk, other.pk], "run": "synchronize"})
    assert [name for name, _, _ in made()] == ["INVOICES"]


def test_the_message_links_to_the_log_of_the_mapping(operator: Client, mapping: IntegrationTableMapping) -> None:
    told = operator.post(SYNCHRONIZE, {"mapping": mapping.pk, "run": "preview"}, follow=True).content.decode()
    assert "CUSTOMER will be previewed in the background." in told
    assert '<a href="/log/?mapping=CUSTOMER">Open the log</a>' in told


def test_it_goes_back_to_our_own_pages_only(operator: Client, mapping: IntegrationTableMapping) -> None:
    data = {"mapping": mapping.pk, "run": "preview"}
    assert operator.post(SYNCHRONIZE, data | {"next": "/mappings/?search=x"}).url == "/mappings/?search=x"
    for elsewhere in ("https://example.com/", "//example.com/", "javascript:alert(1)"):
        assert operator.post(SYNCHRONIZE, data | {"next": elsewhere}).url == "/log/"


@pytest.mark.rule("9.3.uncouple")
def test_couplings_are_deleted_by_record_or_by_coupling(
    operator: Client, mapping: IntegrationTableMapping, make_coupling: Callable[..., Coupling]
) -> None:
    address = reverse("joblog:uncouple", args=[mapping.pk])
    operator.post(address, {"side": "sales", "keys": ["a", "b"]})
    both, half = make_coupling(), make_coupling(bc_key=None)
    operator.post(address, {"coupling": [both.pk, half.pk]})
    assert made() == [
        ("CUSTOMER", RunKind.UNCOUPLE, Scope(sales_keys=("a", "b"))),
        ("CUSTOMER", RunKind.UNCOUPLE, Scope(bc_keys=(both.bc_key,), sales_keys=(half.sales_key,))),
    ]


@pytest.mark.parametrize("data", [{}, {"side": "sales"}, {"keys": "a"}, {"side": "sales", "keys": ""}, {"coupling": "999"}])
def test_without_a_selection_no_coupling_is_deleted(operator: Client, mapping: IntegrationTableMapping, data: dict[str, str]) -> None:
    answer = operator.post(reverse("joblog:uncouple", args=[mapping.pk]), data, follow=True)
    assert b"No coupling was deleted" in answer.content
    assert made() == []


def test_couplings_of_another_mapping_are_left_alone(
    operator: Client, make_mapping: MakeMapping, make_coupling: Callable[..., Coupling]
) -> None:
    foreign = make_coupling(mapping=make_mapping("CONTACT"))
    operator.post(reverse("joblog:uncouple", args=[make_mapping("VENDOR").pk]), {"coupling": foreign.pk})
    assert made() == []


@pytest.mark.parametrize("name", ["joblog:synchronize", "joblog:uncouple"])
def test_a_reader_starts_nothing_and_a_link_starts_nothing(
    reader: Client, operator: Client, mapping: IntegrationTableMapping, name: str
) -> None:
    address = reverse(name, args=[] if name == "joblog:synchronize" else [mapping.pk])
    data = {"mapping": mapping.pk, "run": "synchronize", "bc_key": "a", "sales_key": "b", "side": "sales", "keys": "a"}
    assert reader.post(address, data).status_code == 403
    assert operator.get(address, data).status_code == 405
    assert made() == []
