"""Codes that share a choice: they go out together and come back as the first, and nobody's code is overwritten for that."""

from __future__ import annotations

import pytest

from syncadmin.sync.decide import Policy
from tests.sync.world import TO, World, make_plan, rule

TERMS = (("NET30", 1), ("CM", 1), ("NET60", 2))


@pytest.fixture
def world() -> World:
    return World(make_plan(rule("currency", "kind", options=TERMS, option_mapping="PAYMENT TERMS")))


def test_a_code_that_shares_its_choice_stays_in_every_kind_of_run(world: World) -> None:
    key, partner = world.pair(currency="CM")
    assert world.sales.value(partner, "kind") == 1
    for options in ({}, {"full": True}, {"policy": Policy(unconditional=True)}):
        world.both(**options)
        assert world.bc.value(key, "currency") == "CM"
    assert world.writes() == 0


def test_changing_to_a_code_with_the_same_choice_writes_nothing(world: World) -> None:
    key, _ = world.pair(currency="CM")
    world.bc.change(key, currency="NET30")
    world.both()
    assert world.writes() == 0


def test_another_choice_comes_back_as_its_first_code(world: World) -> None:
    key, partner = world.pair(currency="NET60")
    world.sales.change(partner, kind=1)
    world.both()
    assert world.bc.value(key, "currency") == "NET30"


def test_a_code_with_another_choice_is_sent(world: World) -> None:
    key, partner = world.pair(currency="CM")
    world.bc.change(key, currency="NET60")
    world.run(TO)
    assert world.sales.value(partner, "kind") == 2
