"""Rounds of random changes on both sides with random faults: at the end both sides agree, and nothing is doubled."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from syncadmin.sync.errors import RetryLater, RunError
from syncadmin.sync.plan import TablePlan, UpdatePolicy
from syncadmin.sync.records import Action, Direction, Outcome, Side, WriteResult
from tests.sync.journal import Job
from tests.sync.memory import Fault, Killed, agree
from tests.sync.world import BC, FROM, SALES, TO, World, make_plan, rule, table, text

LATER = table(SALES, text("note", on_insert=False))
PLANS = {
    "plain": make_plan(),
    "send": make_plan(update_policy=UpdatePolicy.SEND),
    "get": make_plan(update_policy=UpdatePolicy.GET),
    "later": make_plan(rule("currency", "note", sales_table=LATER), sales=LATER),
    "system keys": make_plan(bc=table(BC, chosen_keys=False), sales=table(SALES, chosen_keys=False)),
}
VALUES: dict[str, list[Any]] = {
    "phone": ["", "1", "2", "3"],
    "city": ["", "Ulm", "Bonn"],
    "credit": [Decimal(0), Decimal("1.5"), Decimal(7)],
    "rating": ["", "A", "B"],
    "currency": ["", "x", "y"],
}
REFUSED = WriteResult(Outcome.REFUSED, code="refused", text="No threes today.")
MOMENTS = ["before sending", "after sending", "before settle", "after settle"]


class Story:
    """What people and bad luck do to a world; ``edits`` are the fields of this round by record number and side."""

    def __init__(self, plan: TablePlan, seed: int) -> None:
        self.dice = random.Random(seed)
        self.world = World(plan, page_size=self.dice.choice([1, 2, 3, 50]))
        self.world.sales.offset = timedelta(minutes=self.dice.choice([-3, 0, 3]))
        self.world.sales.whole_answers = self.dice.random() < 0.5
        self.edits: dict[tuple[str, str], dict[Side, Any]] = {}
        self.disturbed: set[str] = set()
        self.numbers = 0
        self.hasty = False
        for end in (self.world.bc, self.world.sales):
            end.before_write = lambda key, end=end: self.interfere(end.side, key)

    def field(self, name: str, side: Side) -> str:
        return next(own.name for rule in self.world.plan.rules if rule.bc and rule.bc.name == name and (own := rule.side(side)))

    def fields(self, side: Side) -> list[str]:
        """The mapped fields, by their Business Central names, that people change on that side."""
        flows = TO if side is BC else FROM
        return [one.bc.name for one in self.world.plan.rules if one.bc and one.bc.name in VALUES and one.runs(flows)]

    def number(self, side: Side, key: str) -> str:
        return str(self.world.end(side).rows[key].values[self.field("number", side)])

    def edit(self, side: Side, key: str) -> None:
        name = self.dice.choice(self.fields(side))
        value = self.dice.choice(VALUES[name])
        self.world.end(side).change(key, **{self.field(name, side): value})
        self.edits.setdefault((self.number(side, key), name), {})[side] = value

    def add(self, side: Side) -> None:
        self.numbers += 1
        number = f"C{self.numbers}"
        self.world.end(side).add(**{self.field("number", side): number, "name": f"Customer {number}"})
        self.disturbed.add(number)

    def interfere(self, side: Side, key: str) -> None:
        """Somebody is quicker than a write."""
        if self.hasty and key in self.world.end(side).rows and self.dice.random() < 0.15:
            self.disturbed.add(self.number(side, key))
            self.edit(side, key)

    def people_work(self, *, disturb: bool = False) -> None:
        for side in Side:
            for key in list(self.world.end(side).rows):
                if self.dice.random() < 0.3:
                    self.edit(side, key)
                    if disturb:
                        self.disturbed.add(self.number(side, key))
        if self.dice.random() < 0.4:
            self.add(self.dice.choice(list(Side)))
        self.world.clock.pass_(seconds=self.dice.choice([0, 1, 30, 2000]))

    def bad_luck(self, job: Job | None = None) -> None:
        for end in (self.world.bc, self.world.sales):
            end.faults = [self.fault() for _ in range(self.dice.choice([0, 0, 1, 2]))]
            end.refuse = (lambda values: REFUSED if "3" in values.values() else None) if self.dice.random() < 0.1 else (lambda values: None)
        if job is not None and self.dice.random() < 0.3:
            job.dies = [self.dice.choice(MOMENTS)]

    def fault(self) -> Fault:
        call = self.dice.choice(["insert", "modify", "insert", "modify", "read_changes", "read_records"])
        errors: list[BaseException | None] = [RetryLater("Busy.", seconds=1), Killed()]
        if self.world.plan.sales.chosen_keys:
            errors.append(RunError("sign-in", "Refused."))
        if call in ("insert", "modify"):
            errors.append(None)
        return Fault(call, error=self.dice.choice(errors), arrives=self.dice.random() < 0.5, after=self.dice.choice([0, 0, 1]))

    def run(self) -> None:
        """A bidirectional run, with all that goes wrong until it is done."""
        execution = len(self.world.jobs) + 1
        for direction in (TO, FROM):
            self.run_one(direction, execution)

    def run_one(self, direction: Direction, execution: int) -> None:
        job = self.job(direction, execution)
        for attempt in range(30):
            self.bad_luck(job) if attempt < 3 else self.good_luck(job)
            try:
                self.world.go_on(job, pause=lambda: self.dice.random() < 0.3)
            except RunError:
                self.abandon(job)
                job = self.job(direction, execution)
            except (RetryLater, Killed):
                if self.dice.random() < 0.3:
                    self.people_work(disturb=True)
            if job.done:
                return
        raise AssertionError("the run does not end")

    def job(self, direction: Direction, execution: int) -> Job:
        job = Job(len(self.world.jobs) + 1, direction, execution, self.world.store, self.world.plan.table(direction.destination))
        job.others = self.world.jobs
        self.world.jobs.append(job)
        return job

    def abandon(self, job: Job) -> None:
        """A job that ends in Error: what is unknown is failed, the next job looks for it."""
        for item in job.unsettled():
            job.entries[item.source_key] = replace(item, action=Action.FAILED, code="unknown-result")
            job.counts["Failed"] += 1
        job.check()

    def good_luck(self, job: Job | None = None) -> None:
        for end in (self.world.bc, self.world.sales):
            end.faults, end.refuse = [], lambda values: None
        if job is not None:
            job.dies = []

    def pairs(self) -> dict[str, tuple[str, str]]:
        states = [state for state in self.world.store.states.values() if state.pending is None]
        return {self.number(BC, state.bc.key or ""): (state.bc.key or "", state.sales.key or "") for state in states}

    def value(self, side: Side, key: str, name: str) -> Any:
        return self.world.end(side).value(key, self.field(name, side))

    def differences(self) -> dict[tuple[str, str], tuple[Any, Any]]:
        found = {}
        for number, (bc_key, sales_key) in self.pairs().items():
            for one in self.world.plan.rules:
                if one.bc and one.sales:
                    values = self.value(BC, bc_key, one.bc.name), self.value(SALES, sales_key, one.bc.name)
                    if not agree(one, *values):
                        found[number, one.bc.name] = values
        return found

    def nothing_is_doubled(self) -> None:
        for side in Side:
            end = self.world.end(side)
            numbers = Counter(self.number(side, key) for key in end.rows)
            assert set(numbers.values()) <= {1}, f"doubled in {side.label}: {numbers}"

    def single_changes_have_flowed(self, before: set[tuple[str, str]]) -> None:
        """A field that was equal, and that one side alone has changed, has that side's value now."""
        failing = {number for number, (key, _) in self.pairs().items() if self.is_failing(key)}
        for (number, name), values in self.edits.items():
            if len(values) > 1 or (number, name) in before or number in self.disturbed | failing or number not in self.pairs():
                continue
            ((side, value),) = values.items()
            for other, key in zip((BC, SALES), self.pairs()[number], strict=True):
                assert (self.value(other, key, name) or None) == (value or None), f"{number} {name} of {side.label}"

    def is_failing(self, key: str) -> bool:
        state = self.world.store.of(BC, key)
        return state.skipped or state.to_sales.failed or state.from_sales.failed

    def calm_down(self) -> None:
        """Nothing goes wrong any more, a person retries what is skipped and lets Business Central win."""
        self.good_luck()
        self.hasty = False
        for state in list(self.world.store.states.values()):
            self.world.store.save(replace(state, skipped=False))
        self.world.use(update_policy=UpdatePolicy.SEND)
        for _ in range(3):
            self.world.clock.pass_(hours=1)
            self.world.both()


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("seed", range(12))
def test_both_sides_agree_in_the_end_and_nothing_is_doubled(name: str, seed: int) -> None:
    story = Story(PLANS[name], seed)
    for _ in range(8):
        story.edits, story.disturbed, before = {}, set(), set(story.differences())
        story.people_work()
        story.hasty = story.dice.random() < 0.5
        story.run()
        story.nothing_is_doubled()
        story.single_changes_have_flowed(before)
    story.calm_down()
    assert story.differences() == {}
    assert len(story.pairs()) == len(story.world.bc.rows) == len(story.world.sales.rows) == story.numbers


@pytest.mark.parametrize("name", PLANS)
def test_a_calm_world_stays_calm(name: str) -> None:
    story = Story(PLANS[name], 99)
    for _ in range(5):
        story.people_work()
        story.run()
    story.calm_down()
    written = story.world.writes()
    for _ in range(2):
        for job in story.world.both(full=True):
            assert set(job.counts) == {"Unchanged"}
    assert story.world.writes() == written
