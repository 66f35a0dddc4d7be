"""Number series: a blank number on POST draws the next one (web-apis.md, section 5)."""

from __future__ import annotations

import pytest

from tests.sandbox.client import Client
from tests.sandbox.conftest import Control


@pytest.mark.parametrize(
    ("name", "first", "second"), [("customers", "C00010", "C00011"), ("contacts", "CT000001", "CT000002"), ("items", "1000", "1001")]
)
def test_numbers_are_drawn_in_order(standard: Client, name: str, first: str, second: str) -> None:
    assert standard.add(name, {"displayName": "a"})["number"] == first
    assert standard.add(name, {"displayName": "b", "number": ""})["number"] == second


def test_a_taken_number_is_passed_over(standard: Client) -> None:
    standard.add("items", {"displayName": "a", "number": "1000"})
    assert standard.add("items", {"displayName": "b"})["number"] == "1001"


def test_manual_numbers_can_be_forbidden(standard: Client, control: Control) -> None:
    control.post("settings", {"manual_numbers": False})
    assert standard.refusal("POST", "items", {"displayName": "a", "number": "X"}) == (400, "Application_DialogException")
    assert standard.add("items", {"displayName": "a"})["number"] == "1000"


def test_a_refused_row_costs_no_number(standard: Client) -> None:
    standard.refusal("POST", "customers", {"city": "Ribe"})
    assert standard.add("customers", {"displayName": "a"})["number"] == "C00010"
