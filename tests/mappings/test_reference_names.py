"""Records that fields refer to are called by their names, however they came into the field."""

from __future__ import annotations

import re

from mappings.models import IntegrationTableMapping, SystemTable
from mappings.pairs import pair_fields, read_pair
from mappings.records import FieldRow, open_record
from syncadmin.sync.records import Side
from tests.people import People

KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def rows(mapping: IntegrationTableMapping, side: Side, key: str) -> dict[str, FieldRow]:
    return {one.label: one for one in open_record(mapping, side, key).fields}


def owner_and_currency(people: People) -> dict[str, str]:
    """An account in a currency that nobody has coupled; a user that is no salesperson owns it."""
    euro = people.create_sales(
        "transactioncurrencies", currencyname="Euro", isocurrencycode="EUR", currencysymbol="€", exchangerate=1, currencyprecision=2
    )
    currency = {"transactioncurrencyid@odata.bind": f"/transactioncurrencies({euro['transactioncurrencyid']})"}
    return people.create_sales("accounts", name="Adatum", customertypecode=3, **currency)


def test_a_new_record_shows_the_name_of_its_owning_team(customer: IntegrationTableMapping, people: People) -> None:
    key = people.create_bc("customers", displayName="Adatum")["id"]
    shown = rows(customer, Side.BUSINESS_CENTRAL, key)["Owning Team"]
    pair = {one.label: one for one in pair_fields(read_pair(customer, Side.BUSINESS_CENTRAL, key))}["Owning Team"]
    assert shown.bc_value == pair.bc_value == "contoso"


def test_owner_and_uncoupled_currency_are_called_by_name_in_one_request(customer: IntegrationTableMapping, people: People) -> None:
    account = owner_and_currency(people)
    people.control("POST", "stats/reset")
    shown = rows(customer, Side.SALES, account["accountid"])
    assert (shown["Salesperson Code"].sales_value, shown["Currency Code"].sales_value) == ("Someone Else", "Euro")
    assert not [row for row in shown.values() if KEY.search(row.sales_value)]
    assert people.stats()["sales"]["requests"] == 2  # the account, and the names


def test_what_only_a_new_record_of_the_other_side_gets_is_left_out(customer: IntegrationTableMapping, people: People) -> None:
    account = people.create_sales("accounts", name="Adatum", customertypecode=3)
    assert "Owning Team" not in rows(customer, Side.SALES, account["accountid"])


def test_a_table_that_is_not_known_leaves_the_key(customer: IntegrationTableMapping, people: People) -> None:
    account = owner_and_currency(people)
    SystemTable.objects.filter(name__in=["systemusers", "teams"]).delete()
    shown = rows(customer, Side.SALES, account["accountid"])
    assert KEY.fullmatch(shown["Salesperson Code"].sales_value) and shown["Currency Code"].sales_value == "Euro"


def test_users_that_we_may_not_read_leave_the_keys_and_the_page(customer: IntegrationTableMapping, people: People) -> None:
    account = owner_and_currency(people)
    people.fault(system="sales", kind="status", status=403, path=r"\$batch", times=5)
    assert KEY.fullmatch(rows(customer, Side.SALES, account["accountid"])["Salesperson Code"].sales_value)
