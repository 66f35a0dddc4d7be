"""A mapping between two systems in memory, and runs of it as the job log does them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from syncadmin.sync.couplings import CouplingState, Ends
from syncadmin.sync.criteria import criteria_of
from syncadmin.sync.decide import Policy
from syncadmin.sync.engine import Run, synchronize
from syncadmin.sync.partners import PartnerSearch
from syncadmin.sync.plan import FieldRule, TablePlan
from syncadmin.sync.records import Direction, Side
from syncadmin.sync.rules import TableRules
from syncadmin.sync.tables import Field, FieldType, Table
from syncadmin.sync.touched import DONE, Cursor
from syncadmin.sync.watermark import moved, window_start
from tests.sync.journal import Job, Store
from tests.sync.memory import Clock, End

TO, FROM = Direction.TO_INTEGRATION, Direction.FROM_INTEGRATION
BC, SALES = Side.BUSINESS_CENTRAL, Side.SALES


def text(name: str, **options: Any) -> Field:
    return Field(name, FieldType.TEXT, label=name.capitalize(), **options)


BC_FIELDS = (
    Field("number", FieldType.CODE, label="No."),
    text("name", max_length=100),
    text("phone", max_length=30),
    text("city"),
    Field("credit", FieldType.DECIMAL, label="Credit", scale=2),
    text("rating"),
    text("currency"),
    Field("blocked", FieldType.BOOLEAN, label="Blocked"),
)
SALES_FIELDS = (
    text("accountnumber"),
    text("name", max_length=60),
    text("telephone"),
    text("town"),
    Field("limit", FieldType.DECIMAL, label="Limit", scale=2),
    text("stars"),
    Field("currencyid", FieldType.LOOKUP, label="Currency"),
    Field("kind", FieldType.OPTION, label="Kind", options=((1, "Customer"), (2, "Vendor"))),
    text("note"),
)


def table(side: Side, *fields: Field, **options: Any) -> Table:
    """The table of a side, with these fields in place of those of the same name."""
    given = {one.name: one for one in fields}
    own = BC_FIELDS if side is BC else SALES_FIELDS
    named = {"number": "number", "caption": "name"} if side is BC else {"number": "accountnumber", "caption": "name"}
    plain = {"name": side.value, "label": "Customer" if side is BC else "Account", "key": "id", "modified_on": "stamp", "chosen_keys": True}
    return Table(**plain | named | options, fields={one.name: given.get(one.name, one) for one in own})


def rule(bc: str, sales: str, *, bc_table: Table | None = None, sales_table: Table | None = None, **options: Any) -> FieldRule:
    left, right = bc_table or table(BC), sales_table or table(SALES)
    return FieldRule(bc=left.fields[bc] if bc else None, sales=right.fields[sales] if sales else None, **options)


TWO_WAY = (("number", "accountnumber"), ("name", "name"), ("phone", "telephone"), ("city", "town"))


def make_plan(*more: FieldRule, bc: Table | None = None, sales: Table | None = None, **options: Any) -> TablePlan:
    """Number, name, phone and city two ways, credit limit to Sales, rating from Sales; more rules come last."""
    left, right = bc or table(BC), sales or table(SALES)
    rules = [rule(one, other, bc_table=left, sales_table=right) for one, other in TWO_WAY]
    rules += [
        rule("credit", "limit", bc_table=left, sales_table=right, direction=TO.value),
        rule("rating", "stars", bc_table=left, sales_table=right, direction=FROM.value),
    ]
    plain: dict[str, Any] = {"mapping_id": 1, "name": "CUSTOMER", "bidirectional": True, "only_coupled": False, "rules": (*rules, *more)}
    return TablePlan(bc=left, sales=right, **plain | options)


class World:
    """Two systems, one mapping, its couplings and its jobs."""

    def __init__(self, plan: TablePlan | None = None, *, rules: TableRules | None = None, page_size: int = 1000) -> None:
        self.plan = plan or make_plan()
        self.rules = rules or TableRules()
        self.page_size = page_size
        self.clock = Clock()
        self.bc = End(BC, self.plan.bc, self.clock)
        self.sales = End(SALES, self.plan.sales, self.clock, whole_answers=False)
        self.store = Store()
        self.jobs: list[Job] = []
        self.watermarks: dict[Side, datetime | None] = {BC: None, SALES: None}
        self.read_at: dict[Side, datetime | None] = {BC: None, SALES: None}
        self._keys = 0

    def end(self, side: Side) -> End:
        return self.bc if side is BC else self.sales

    def run(self, direction: Direction = TO, **options: Any) -> Job:
        """A new job, to its end."""
        preview = options.get("preview", False)
        job = Job(len(self.jobs) + 1, direction, options.pop("execution", len(self.jobs) + 1), self.store, self._destination(direction))
        job.preview, job.others, job.dies = preview, self.jobs, options.pop("dies", [])
        self.jobs.append(job)
        return self.go_on(job, **options)

    def go_on(
        self,
        job: Job,
        *,
        keys: Iterable[str] | None = None,
        full: bool = False,
        policy: Policy | None = None,
        preview: bool = False,
        pause: Callable[[], bool] = lambda: False,
    ) -> Job:
        """The job from where it is; what joblog/synchronization.py does around the engine."""
        source = job.direction.source
        job.follow_up = partial(self.rules.follow_up, job.direction)
        self.clock.pass_(seconds=1)
        everything = full or bool(policy and policy.unconditional)
        run = Run(
            plan=self.plan,
            direction=job.direction,
            connectors={BC: self.bc, SALES: self.sales},
            couplings=self.store,
            journal=job,
            policy=policy or Policy(),
            rules=self.rules,
            keys=None if keys is None else list(keys),
            since=None if everything else window_start(source, self.watermarks[source], self.read_at[source]),
            read_at=None if everything else self.read_at[source],
            partners=self._partners(job.direction),
            match_new=full and not self.plan.only_coupled,
            preview=preview,
            page_size=self.page_size,
            pause=pause,
            new_key=self._new_key,
            now=self.clock,
        )
        cursor = synchronize(run, job.cursor)
        if cursor.phase == DONE:
            self._finish(job, cursor, window=keys is None and not preview)
        return job

    def resume(self, **options: Any) -> Job:
        """The last job goes on, as after a slice, a put-off or a lost worker."""
        return self.go_on(self.jobs[-1], **options)

    def both(self, **options: Any) -> tuple[Job, Job]:
        """A bidirectional run: to Sales first."""
        execution = len(self.jobs) + 1
        return self.run(TO, execution=execution, **options), self.run(FROM, execution=execution, **options)

    def pair(self, **values: Any) -> tuple[str, str]:
        """A customer of both sides, synchronized both ways."""
        given = {"number": f"C{len(self.bc.rows) + 1}", "name": "Contoso", "phone": "1", "city": "Ulm"} | values
        key = self.bc.add(**given)
        self.both()
        self.clock.pass_(minutes=10)
        self.both()
        self.clock.pass_(minutes=10)
        partner = self.store.of(BC, key).sales.key
        assert partner is not None
        self.bc.written.clear()
        self.sales.written.clear()
        return key, partner

    def couple(self, bc_key: str, sales_key: str) -> CouplingState:
        return self.store.save(CouplingState(id=None, bc=Ends(bc_key), sales=Ends(sales_key), origin="manual"))

    def use(self, **options: Any) -> None:
        """The mapping is configured differently from now on."""
        self.plan = replace(self.plan, **options)

    def writes(self) -> int:
        return len(self.bc.written) + len(self.sales.written)

    def _partners(self, direction: Direction) -> PartnerSearch | None:
        criteria = criteria_of(self.plan)[0]
        ends = {BC: self.bc, SALES: self.sales}
        select = partial(self.rules.select, direction.opposite)
        return PartnerSearch(self.plan, direction, ends, self.store, criteria, select) if criteria else None

    def _finish(self, job: Job, cursor: Cursor, *, window: bool) -> None:
        job.done, job.cursor = True, cursor
        job.check()
        if window:
            source = job.direction.source
            self.watermarks[source] = moved(self.watermarks[source], cursor.newest, cursor.cap)
            self.read_at[source] = cursor.cap

    def _destination(self, direction: Direction) -> Table:
        return self.plan.table(direction.destination)

    def _new_key(self) -> str:
        self._keys += 1
        return f"new{self._keys}"
