"""What is written to the source of a new record (engine.md section 6, INSERT path)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mappings.rules.table_rules import MappingRules
from mappings.rules.unfinished import failed_after
from syncadmin.sync.couplings import stamp_later
from syncadmin.sync.records import Action, Direction, Modify, Outcome, Record, Side, WriteResult
from syncadmin.sync.touched import Touched


def stamp_company(rules: MappingRules, touched: Sequence[Touched]) -> Sequence[Touched]:
    """Writes this company to the Sales records whose counterparts were created just now (rule stamp-company)."""
    company, sales = rules.mapping.business_central.sales_company_id, rules.plan.sales
    new = [one.source_key for one in touched if one.action is Action.INSERTED]
    if not new or not company or rules.mapping.multi_company or "bcbi_companyid" not in sales.fields:
        return touched
    connector = rules.connectors[Side.SALES]
    found = connector.read_records(sales, new, ["bcbi_companyid"])
    rows = [record for record in found.values() if str(record.values.get("bcbi_companyid") or "").lower() != company.lower()]
    answers = connector.modify(sales, [Modify(row.key, row.etag, {"bcbi_companyid": company}) for row in rows]) if rows else []
    done = {row.key: (row, answer) for row, answer in zip(rows, answers, strict=True)}
    return [_stamped(one, *done[one.source_key]) if one.source_key in done else one for one in touched]


def _stamped(touched: Touched, before: Record, answer: WriteResult) -> Touched:
    """Our own write is no change of the record, unless somebody had changed it before."""
    if answer.outcome is not Outcome.DONE:
        return failed_after(touched, Direction.FROM_INTEGRATION, answer, "its company could not be written to Sales")
    coupling = touched.coupling
    if coupling is None or coupling.sales.etag != before.etag:
        return touched
    end = replace(coupling.sales, etag=answer.etag, modified_at=stamp_later(coupling.sales.modified_at, answer.modified_at))
    return replace(touched, coupling=coupling.with_end(Side.SALES, end))
