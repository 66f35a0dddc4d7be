"""Tell Me: what is found beside pages, by number or name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from mappings.models import Coupling, IntegrationTableMapping
from mappings.models.coupling_names import Folded, begins_with, shown_label, shown_name
from syncadmin.ui import paging
from tests.joblog.conftest import MakeJob

ADATUM = {"bc_key": "b1", "sales_key": "s1", "bc_number": "10000", "bc_label": "10000 Adatum Corporation", "sales_label": "Adatum"}


def found(client: Client, text: str) -> dict[str, str]:
    parts: list[tuple[str, list[Any]]] = client.get("/tell-me/", {"q": text}).context["parts"]
    return {find.label: find.url for _, finds in parts for find in finds}


@pytest.fixture
def adatum(mapping: IntegrationTableMapping) -> Coupling:
    return Coupling.objects.create(mapping=mapping, **ADATUM)


@pytest.mark.parametrize("text", ["10000", "adatum", "corp 100", "ADATUM corporation"])
def test_a_coupled_record_is_found_by_number_and_name(reader: Client, adatum: Coupling, text: str) -> None:
    assert found(reader, text) == {"10000 Adatum Corporation": f"/mappings/{adatum.mapping_id}/records/business_central/b1/"}


@pytest.mark.parametrize("text", ["litware", "LITWARE works", "900"])
def test_however_old_it_is_found_by_the_beginning_of_number_or_name(
    reader: Client, make_coupling: Callable[..., Coupling], monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(paging, "LIMIT", 2)
    make_coupling(bc_label="900 Litware Works")
    for number in range(3):
        make_coupling(bc_label=f"{number} Alpine")
    assert list(found(reader, text)) == ["900 Litware Works"]


def test_the_middle_of_a_name_is_looked_for_in_the_newest_and_the_page_says_so(
    reader: Client, make_coupling: Callable[..., Coupling], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "LIMIT", 2)
    make_coupling(bc_label="1 Old Works")
    newest = make_coupling(bc_label="2 Late Works"), make_coupling(bc_label="3 Last Works")
    assert list(found(reader, "works")) == [newest[1].bc_label, newest[0].bc_label]
    assert "in the newest 10,000 couplings" in reader.get("/tell-me/", {"q": "works"}).content.decode()


@pytest.mark.parametrize(("named", "index"), [(shown_label, "coupling_by_label"), (shown_name, "coupling_by_name")])
def test_an_index_serves_numbers_and_names(mapping: IntegrationTableMapping, named: Callable[[], Any], index: str) -> None:
    if connection.vendor == "postgresql":
        connection.cursor().execute("SET LOCAL enable_seqscan = off")
    rows = Coupling.objects.annotate(named=Folded(named())).filter(begins_with("named", "adatum")).order_by("named")
    assert index in rows.explain()


@pytest.mark.parametrize("text", ["%", "_", "100%_", "ÄRZTE", "ärzte", "􏿿", "'", "🙂"])
def test_signs_are_looked_for_as_they_are(reader: Client, make_coupling: Callable[..., Coupling], text: str) -> None:
    make_coupling(bc_label="1 Nothing special")
    make_coupling(bc_label=f"{text}{text} Ltd")
    assert list(found(reader, text * 2)) == [f"{text}{text} Ltd"]


def test_of_a_record_that_is_being_created_the_one_that_exists_is_opened(reader: Client, mapping: IntegrationTableMapping) -> None:
    Coupling.objects.create(mapping=mapping, bc_key=None, sales_key="s2", sales_label="Fabrikam", pending="FromIntegrationTable")
    assert found(reader, "fabri") == {"Fabrikam": f"/mappings/{mapping.pk}/records/sales/s2/"}


def test_a_mapping_is_found_by_its_name_and_by_its_tables(reader: Client, mapping: IntegrationTableMapping) -> None:
    IntegrationTableMapping.objects.filter(pk=mapping.pk).update(table_label="Debitor")
    assert found(reader, mapping.name.lower()) == found(reader, "debitor") == {mapping.name: f"/mappings/{mapping.pk}/"}


@pytest.mark.parametrize("text", ["{}", "job {}", "#{}"])
def test_a_job_is_found_by_its_number(reader: Client, make_job: MakeJob, text: str) -> None:
    job = make_job()
    assert found(reader, text.format(job.pk)) == {f"Job {job.pk} · {job.mapping_name}": f"/log/{job.pk}/"}


def test_what_is_not_coupled_is_looked_for_in_the_systems(reader: Client, mapping: IntegrationTableMapping) -> None:
    searches = reader.get("/tell-me/", {"q": "Contoso & Co"}).context["searches"]
    assert [find.url for find in searches] == [f"/mappings/{mapping.pk}/records/?q=Contoso+%26+Co"]


@pytest.mark.parametrize("text", ["", "a", " "])
def test_a_letter_alone_asks_for_nothing(reader: Client, adatum: Coupling, text: str, django_assert_num_queries: Any) -> None:
    assert found(reader, text) == {}


def test_a_whole_page_of_text_is_not_looked_for(reader: Client, adatum: Coupling) -> None:
    answer = reader.get("/tell-me/", {"q": "adatum " * 200})
    assert (answer.context["parts"], "type at most 250 characters" in answer.content.decode()) == ([], True)


def test_names_are_shown_as_text(reader: Client, mapping: IntegrationTableMapping) -> None:
    Coupling.objects.create(mapping=mapping, bc_key="b3", sales_key="s3", bc_label="<b>Bold</b> Ltd")
    assert "&lt;b&gt;Bold" in reader.get("/tell-me/", {"q": "bold"}).content.decode()


def test_the_statements_do_not_grow_with_what_is_found(
    reader: Client, mapping: IntegrationTableMapping, django_assert_num_queries: Any
) -> None:
    named = ({"bc_key": f"b{number}", "sales_key": f"s{number}", "bc_label": f"{number} Litware"} for number in range(30))
    Coupling.objects.bulk_create(Coupling(mapping=mapping, **names) for names in named)
    reader.get("/tell-me/", {"q": "litware"})
    with django_assert_num_queries(7):
        assert len(found(reader, "litware")) == 8
