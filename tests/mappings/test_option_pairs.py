"""Pairs and couplings of option mappings say the same at any moment (mappings/option_pairs.py)."""

from __future__ import annotations

import pytest

from mappings.models import Coupling, IntegrationTableMapping, OptionMapping, System
from mappings.option_pairs import pair_up, part, remove_couplings, save_with_pairs
from syncadmin.connectors.option_sets import option_set_table
from syncadmin.sync.couplings import CouplingState, Ends
from syncadmin.sync.plan import TablePlan
from syncadmin.sync.records import Direction
from syncadmin.sync.tables import Table

TERMS = "PAYMENT TERMS"


@pytest.fixture
def terms(db: None) -> list[IntegrationTableMapping]:
    """PAYMENT TERMS of two companies."""
    sales = System.objects.create(name="Sales", kind="sales", address="http://127.0.0.1:9")
    return [
        IntegrationTableMapping.objects.create(
            name=TERMS,
            business_central=System.objects.create(name=name, kind="business_central", address="http://127.0.0.1:9", company=name),
            sales=sales,
            table="paymentTerms",
            integration_table="accounts.terms",
            direction="ToIntegrationTable",
        )
        for name in ("CRONUS", "CONTOSO")
    ]


def couple(mapping: IntegrationTableMapping, code: str, value: int) -> Coupling:
    row = Coupling.objects.create(mapping=mapping, bc_key=f"{mapping.pk}-{code}", sales_key=str(value), bc_number=code)
    pair_up(TERMS, [(code, value, code)])
    return row


def save(mapping: IntegrationTableMapping, *states: CouplingState) -> None:
    bc = Table(name="paymentTerms", label="Payment Terms", key="id", modified_on="at")
    sales = option_set_table("accounts.terms", "Terms", [("account", "terms")])
    plan = TablePlan(mapping_id=mapping.pk, name=TERMS, bc=bc, sales=sales, rules=(), bidirectional=False)
    save_with_pairs(plan, states, job_id=1)


def state(number: str, value: int, *, row: Coupling | None = None, key: str = "k", pending: Direction | None = None) -> CouplingState:
    ends = Ends(row.bc_key if row else key), Ends(str(value), label=number.capitalize())
    return CouplingState(id=row.pk if row else None, bc=ends[0], sales=ends[1], bc_number=number, pending=pending)


def pairs() -> list[tuple[str, int, str]]:
    return list(OptionMapping.objects.order_by("value", "id").values_list("code", "value", "label"))


def test_a_new_coupling_makes_its_pair_and_a_pending_one_makes_none(terms: list[IntegrationTableMapping]) -> None:
    save(terms[0], state("COD", 9), state("CM", 8, key="other", pending=Direction.TO_INTEGRATION))
    assert pairs() == [("COD", 9, "Cod")]


def test_a_renamed_code_renames_its_pair_unless_another_company_still_has_it(terms: list[IntegrationTableMapping]) -> None:
    ours, theirs = couple(terms[0], "NET30", 1), couple(terms[1], "NET30", 1)
    save(terms[0], state("30 DAYS", 1, row=ours))
    assert pairs() == [("30 DAYS", 1, "30 days"), ("NET30", 1, "30 days")]
    save(terms[1], state("30 DAYS", 1, row=theirs))
    assert pairs() == [("30 DAYS", 1, "30 days")]


def test_a_coupled_code_comes_before_other_codes_of_its_option_and_takes_its_former_pair_along(
    terms: list[IntegrationTableMapping],
) -> None:
    for code, value in (("COD", 1), ("NET30", 1), ("NET45", 2)):
        OptionMapping.objects.create(name=TERMS, code=code, value=value, label="old")
    pair_up(TERMS, [("NET45", 1, "new")])
    assert pairs() == [("NET45", 1, "new"), ("COD", 1, "new"), ("NET30", 1, "new")]


def test_what_is_said_already_is_not_written_again(terms: list[IntegrationTableMapping]) -> None:
    pair_up(TERMS, [("COD", 1, "Cash")])
    before = list(OptionMapping.objects.values_list("pk", flat=True))
    pair_up(TERMS, [("COD", 1, "Cash")])
    assert list(OptionMapping.objects.values_list("pk", flat=True)) == before


def test_removed_couplings_take_their_pairs_along_unless_another_company_has_them(terms: list[IntegrationTableMapping]) -> None:
    rows = [couple(terms[0], "NET30", 1), couple(terms[0], "COD", 9), couple(terms[1], "NET30", 1)]
    remove_couplings(row.pk for row in rows[:2])
    assert pairs() == [("NET30", 1, "NET30")]
    remove_couplings([rows[2].pk])
    assert (pairs(), Coupling.objects.count()) == ([], 0)


def test_couplings_that_the_pairs_do_not_have_any_more_are_parted(terms: list[IntegrationTableMapping]) -> None:
    couple(terms[0], "NET30", 1), couple(terms[1], "NET30", 1), couple(terms[0], "COD", 9)
    OptionMapping.objects.filter(code="NET30").update(value=2)
    part([TERMS])
    assert list(Coupling.objects.values_list("bc_number", flat=True)) == ["COD"]


def test_a_page_of_couplings_takes_the_same_statements_however_many_they_are(
    terms: list[IntegrationTableMapping], django_assert_max_num_queries: object
) -> None:
    states = [state(f"C{number}", number, key=f"key {number}") for number in range(40)]
    with django_assert_max_num_queries(5):  # type: ignore[operator]
        save(terms[0], *states)
    assert len(pairs()) == 40
