"""From a code without a pair to the record that goes through: the demo company, over HTTP and by the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from joblog import runner
from joblog.models import JobQueueEntry, RunKind, SynchError
from mappings.models import Coupling, IntegrationTableMapping, OptionMapping, System
from mappings.option_choices import look_up
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
SignIn = Callable[[str], Client]
AGENT, TERMS = "45779977", "01454545"  # customers of the demo company: agent OWN LOG., payment terms CM


@pytest.fixture
def failed(demo_company: People, command: Command) -> People:
    """Two customers have failed twice because their codes have no pair, so that they are skipped."""
    IntegrationTableMapping.objects.filter(name="CUSTOMER").update(synch_only_coupled=False)
    key = demo_company.rows_bc("customers", f"number eq '{AGENT}'")[0]["id"]
    demo_company.change_bc("customers", key, currencyCode="", salespersonCode="")  # so that nothing else is missing
    for _ in range(2):
        command("synchronize", "CUSTOMER", "--direction", "to", "--record", AGENT, "--record", TERMS)
    assert Coupling.objects.filter(skipped=True, to_error__startswith="unknown-option").count() == 2
    return demo_company


def add_pair(browser: Client, name: str, code: str, value: int) -> None:
    page = f"{reverse('mappings:option-list')}?name={name}"
    rows = browser.get(page).context["rows"]
    count = rows.initial_form_count()
    sent: dict[str, Any] = {"seen": rows.seen, f"{rows.prefix}-TOTAL_FORMS": count + 1, f"{rows.prefix}-INITIAL_FORMS": count}
    for form in rows.initial_forms:
        sent |= {f"{form.prefix}-{field}": getattr(form.instance, field) for field in ("id", "code", "value", "label")}
    new = {"name": name, "code": code, "value": value, "label": ""}
    answer = browser.post(page, sent | {f"{rows.prefix}-{count}-{field}": text for field, text in new.items()})
    assert answer.status_code == 302, answer.context["rows"].errors


@pytest.mark.rule("3.option-to", "3.option-to-uncoupled")
def test_after_the_pair_is_added_the_retry_succeeds(failed: People, signed_in: SignIn) -> None:
    administrator, operator = signed_in("Administrator"), signed_in("Operator")
    add_pair(administrator, "SHIPPING AGENT", "own log.", 7)
    add_pair(administrator, "PAYMENT TERMS", "CM", 1)
    open_errors = SynchError.objects.filter(code="unknown-option", resolved_at=None)
    answer = operator.post(reverse("joblog:retry"), {"entry": [error.pk for error in open_errors]})
    assert answer.status_code == 302
    runner.run(JobQueueEntry.objects.get(recurring=False, run_kind=RunKind.SYNCHRONIZE).pk)
    accounts = {row["accountid"]: row for row in failed.rows_sales("accounts")}
    coupled = {row.bc_number: accounts[row.sales_key or ""] for row in Coupling.objects.filter(mapping__name="CUSTOMER")}
    assert (coupled[AGENT]["address1_shippingmethodcode"], coupled[TERMS]["paymenttermscode"]) == (7, 1)
    assert not SynchError.objects.filter(code="unknown-option", resolved_at=None).exists()
    assert not Coupling.objects.filter(skipped=True).exists()


def test_the_error_leads_to_the_new_row_of_its_pair(failed: People, signed_in: SignIn) -> None:
    shown = signed_in("Operator").get(reverse("joblog:errors")).content.decode()
    address = f"{reverse('mappings:option-list')}?name=SHIPPING+AGENT&code=OWN+LOG."
    assert f'<a href="{address.replace("&", "&amp;")}">Add the pair in SHIPPING AGENT</a>' in shown
    form = signed_in("Administrator").get(address).context["rows"].extra_forms[0]
    assert [form[name].value() for name in ("name", "code")] == ["SHIPPING AGENT", "OWN LOG."]


def test_a_value_that_sales_does_not_have_is_refused_with_those_it_has(failed: People, signed_in: SignIn) -> None:
    with pytest.raises(AssertionError, match=r"9 is no choice of paymenttermscode of .+ Choose one of: 1 Net 30"):
        add_pair(signed_in("Administrator"), "PAYMENT TERMS", "CM", 9)
    assert not OptionMapping.objects.filter(code="CM").exists()


def test_the_look_up_tells_what_has_no_pair_on_both_sides(demo_company: People) -> None:
    OptionMapping.objects.filter(name="PAYMENT TERMS", code="NET45").delete()
    OptionMapping.objects.create(name="PAYMENT TERMS", code="GONE", value=2)
    found = look_up("PAYMENT TERMS")
    assert {(one.code, one.choice) for one in found.codes} >= {("CM", None), ("NET45", 3)}
    assert found.choices == [(3, "Net 45")]
    assert found.gone == ["GONE is no code of Business Central any more."]
    assert found.problems == []


def test_a_system_that_cannot_be_reached_is_named_and_the_other_still_answers(demo_company: People) -> None:
    System.objects.filter(kind="sales").update(address="http://127.0.0.1:9", token_address="http://127.0.0.1:9/token")
    found = look_up("PAYMENT TERMS")
    assert [one.code for one in found.codes]
    assert len(found.problems) == 1
    assert found.gone == []


def test_reading_pages_asks_both_systems_and_changes_nothing(demo_company: People, signed_in: SignIn) -> None:
    shown = signed_in("Reader").get(reverse("mappings:option-look-up"), {"name": "SHIPPING AGENT"}).content.decode()
    assert "OWN LOG." in shown
    assert "Asked just now: CRONUS, Dynamics 365 Sales." in " ".join(shown.split())
    assert demo_company.stats()["sales"]["by_method"].keys() <= {"GET", "POST"}
