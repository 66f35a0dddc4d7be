"""Several Business Central companies against one environment of Sales (engine.md section 1.3), over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from joblog.models import JobQueueEntry, SynchJob
from mappings.companies import of_company
from mappings.models import Coupling, IntegrationTableMapping, OptionMapping, System
from mappings.plans import build_plan
from syncadmin.sync.records import Side
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@dataclass(frozen=True)
class Contoso:
    """A second company, set up beside CRONUS."""

    people: People
    key: str

    def create(self, table: str, **values: Any) -> dict[str, Any]:
        answer = self.people.session.post(f"{self.people.bc_root}/companies({self.key})/{table}", json=values)
        assert answer.ok, answer.text
        row: dict[str, Any] = answer.json()
        return row

    def rows(self, table: str) -> list[dict[str, Any]]:
        answer = self.people.session.get(f"{self.people.bc_root}/companies({self.key})/{table}")
        assert answer.ok, answer.text
        rows: list[dict[str, Any]] = answer.json()["value"]
        return rows


@pytest.fixture
def contoso(company: People) -> Contoso:
    key = company.control("POST", "companies", {"name": "CONTOSO"})["id"]
    call_command("setup", "default", sandbox=company.url, company="CONTOSO", stdout=StringIO())
    IntegrationTableMapping.objects.filter(name="CUSTOMER").update(synch_only_coupled=False)
    return Contoso(company, key)


def mapping_of(company: str, name: str = "CUSTOMER") -> IntegrationTableMapping:
    return IntegrationTableMapping.objects.get(name=name, business_central__company=company)


# ---- set-up


def test_a_further_company_gets_a_system_mappings_and_jobs_of_its_own(contoso: Contoso) -> None:
    assert set(System.objects.values_list("name", flat=True)) == {"CRONUS", "CONTOSO", "Dynamics 365 Sales"}
    for name in ("CRONUS", "CONTOSO"):
        assert IntegrationTableMapping.objects.filter(business_central__company=name).count() == 14
        assert JobQueueEntry.objects.filter(recurring=True, mapping__business_central__company=name).count() == 13
    own = {system.sales_company_id for system in System.objects.filter(kind="business_central")}
    assert len(own) == 2 and "" not in own


def test_a_further_company_of_the_same_environment_needs_no_address(company: People) -> None:
    company.control("POST", "companies", {"name": "CONTOSO"})
    call_command("setup", "default", company="contoso".upper(), stdout=StringIO())
    assert System.objects.get(company="CONTOSO").client_secret == "sandbox"
    assert mapping_of("CONTOSO").business_central.company_id != mapping_of("CRONUS").business_central.company_id


def test_a_company_that_does_not_exist_leaves_nothing_behind(company: People) -> None:
    for options in ({"sandbox": company.url}, {}):
        with pytest.raises(CommandError, match="It has: CRONUS"):
            call_command("setup", "default", company="NOWHERE", stdout=StringIO(), **options)
    assert not System.objects.filter(company="NOWHERE").exists()


# ---- runs side by side


@pytest.mark.rule("1.3.own", "3.1.company")
def test_accounts_carry_their_company_and_the_other_one_leaves_them_alone(contoso: Contoso, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="Adatum")
    contoso.create("customers", displayName="Fabrikam")
    code, told = command("synchronize", "--all")
    assert code == 0
    assert sum(job["inserted"] for job in told["jobs"] if job["mapping"] == "CUSTOMER") == 2
    accounts = {row["name"]: row["_bcbi_companyid_value"] for row in people.rows_sales("accounts")}
    for name, owner in (("Adatum", "CRONUS"), ("Fabrikam", "CONTOSO")):
        assert accounts[name] == System.objects.get(company=owner).sales_company_id
    assert [row["displayName"] for row in people.rows_bc("customers")] == ["Adatum"]
    assert [row["displayName"] for row in contoso.rows("customers")] == ["Fabrikam"]


def test_the_same_number_in_both_companies_is_two_customers(contoso: Contoso, people: People, command: Command) -> None:
    people.create_bc("customers", number="10000", displayName="Adatum")
    contoso.create("customers", number="10000", displayName="Adatum")
    command("synchronize", "--all")
    assert len(people.rows_sales("accounts")) == 2
    assert Coupling.objects.filter(bc_number="10000", pending="").values("mapping").distinct().count() == 2


def test_a_change_in_sales_reaches_the_company_of_the_account_alone(contoso: Contoso, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="Adatum")
    contoso.create("customers", displayName="Fabrikam")
    command("synchronize", "--all")
    fabrikam = next(row for row in people.rows_sales("accounts") if row["name"] == "Fabrikam")
    people.change_sales("accounts", fabrikam["accountid"], address1_city="Skagen")
    _, told = command("synchronize", "--all")
    assert [(job["company"], job["mapping"]) for job in told["jobs"] if job["modified"]] == [("CONTOSO", "CUSTOMER")]
    assert contoso.rows("customers")[0]["city"] == "Skagen"


# ---- commands


def test_a_mapping_that_several_companies_have_must_be_named_with_one(contoso: Contoso, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="Adatum")
    code, told = command("synchronize", "CUSTOMER")
    assert (code, "--company" in told["message"]) == (2, True)
    assert command("synchronize", "CUSTOMER", "--company", "contoso")[0] == 0
    assert not people.rows_sales("accounts")
    assert command("synchronize", "CUSTOMER", "--company", "CRONUS")[0] == 0
    assert len(people.rows_sales("accounts")) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("match", "CUSTOMER"), ("uncouple", "CUSTOMER", "--all"), ("retry", "CUSTOMER"), ("deleted", "find", "CUSTOMER"),
        ("records", "CUSTOMER"),
    ],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_every_command_asks_for_the_company_and_keeps_to_it(contoso: Contoso, command: Command, arguments: tuple[str, ...]) -> None:
    code, told = command(*arguments)
    assert (code, told["message"]) == (2, "The mapping CUSTOMER exists in several companies (CONTOSO, CRONUS). Name one with --company.")
    code, told = command(*arguments, "--company", "contoso")
    assert (code, {job["company"] for job in told.get("jobs", [])} <= {"CONTOSO"}) == (0, True)


def test_records_are_coupled_listed_and_reviewed_within_their_company(contoso: Contoso, people: People, command: Command) -> None:
    for someone in (people.create_bc, contoso.create):
        someone("customers", number="C1", displayName="Adatum")
    account = people.create_sales("accounts", name="Adatum", customertypecode=3)["accountid"]
    assert command("couple", "CUSTOMER", "C1", account, "--company", "CONTOSO")[0] == 0
    assert Coupling.objects.get().mapping == mapping_of("CONTOSO")
    assert command("records", "CUSTOMER", "--coupled", "--company", "CONTOSO")[1]["records"][0]["coupled_to"]["key"] == account
    assert command("records", "CUSTOMER", "--coupled", "--company", "CRONUS")[1]["records"] == []
    assert {line["company"] for line in command("fullsync", "review", "--company", "CONTOSO")[1]["lines"]} == {"CONTOSO"}


def test_all_of_one_company(contoso: Contoso, command: Command) -> None:
    _, told = command("synchronize", "--all", "--company", "CONTOSO")
    assert {job["company"] for job in told["jobs"]} == {"CONTOSO"}


def test_full_synchronization_of_one_company_and_of_both(contoso: Contoso, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="Adatum")
    contoso.create("customers", displayName="Fabrikam")
    _, told = command("synchronize", "--all", "--full", "--company", "CONTOSO")
    assert {line["company"] for line in told["lines"]} == {"CONTOSO"}
    _, told = command("synchronize", "--all", "--full")
    assert {(line["company"], line["status"]) for line in told["lines"]} == {("CRONUS", "Finished"), ("CONTOSO", "Finished")}
    assert {row["name"] for row in people.rows_sales("accounts")} == {"Adatum", "Fabrikam"}


def test_the_log_of_one_company(contoso: Contoso, command: Command) -> None:
    command("synchronize", "--all")
    told = command("synchlog", "--company", "contoso", "--last", "100")[1]
    assert {job["company"] for job in told["jobs"]} == {"CONTOSO"}
    assert SynchJob.objects.count() > len(told["jobs"])


# ---- multi-company synchronization


@pytest.mark.rule("1.3.shared", "1.3.back")
def test_the_flag_takes_the_company_out_of_the_filter_of_master_data(contoso: Contoso) -> None:
    mapping = mapping_of("CRONUS")
    mapping.multi_company = True
    assert build_plan(mapping).filters[Side.SALES] == "statecode eq 0 and customertypecode eq 3"
    mapping.multi_company = False
    assert mapping.business_central.sales_company_id in build_plan(mapping).filters[Side.SALES]


@pytest.mark.rule("1.3.documents")
def test_the_flag_narrows_documents_to_their_company(contoso: Contoso) -> None:
    mapping = mapping_of("CRONUS", "POSTEDSALESINV-INV")
    assert "eq null" in of_company(mapping.integration_table_filter, mapping)
    mapping.multi_company = True
    assert of_company(mapping.integration_table_filter, mapping) == f"_bcbi_companyid_value eq {mapping.business_central.sales_company_id}"


@pytest.mark.rule("1.3.shared")
def test_shared_accounts_meet_in_both_companies_and_carry_none(contoso: Contoso, people: People, command: Command) -> None:
    IntegrationTableMapping.objects.filter(name="CUSTOMER").update(multi_company=True)
    people.create_bc("customers", displayName="Adatum")
    command("synchronize", "--all")
    command("synchronize", "--all")
    assert [row["_bcbi_companyid_value"] for row in people.rows_sales("accounts")] == [None]
    assert [row["displayName"] for row in contoso.rows("customers")] == ["Adatum"]


@pytest.mark.rule("1.3.told")
def test_whoever_shares_accounts_is_told_that_companies_meet(contoso: Contoso, signed_in: Callable[[str], Client]) -> None:
    mapping, administrator = mapping_of("CRONUS"), signed_in("Administrator")
    form = administrator.get(f"/mappings/{mapping.pk}/").context["form"]
    data = {name: value for name in form.fields if (value := form[name].value()) not in (None, False)}
    told = administrator.post(f"/mappings/{mapping.pk}/", data | {"multi_company": "on"}, follow=True).content.decode()
    assert mapping_of("CRONUS").multi_company
    assert "Records of all companies can meet in Account" in told


def test_two_companies_share_the_options_of_sales_and_their_pairs(contoso: Contoso, command: Command) -> None:
    IntegrationTableMapping.objects.filter(name="SHIPPING AGENT").update(synch_only_coupled=False)
    contoso.people.create_bc("shippingAgents", code="OWN LOG.", displayName="Own logistics")
    contoso.create("shippingAgents", code="OWN LOG.", displayName="Our own trucks")
    for company in ("CRONUS", "CONTOSO"):
        command("synchronize", "SHIPPING AGENT", "--company", company)
    keys = Coupling.objects.filter(bc_number="OWN LOG.").values_list("mapping__business_central__company", "sales_key")
    (value,) = {key for _, key in keys}
    assert {company for company, _ in keys} == {"CRONUS", "CONTOSO"}
    assert list(OptionMapping.objects.filter(code="OWN LOG.").values_list("value", flat=True)) == [int(str(value))]
    assert list(contoso.people.options("account", "address1_shippingmethodcode").values()).count("OWN LOG.") == 1
