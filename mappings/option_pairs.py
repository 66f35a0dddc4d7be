"""Pairs of option mappings and couplings of the mappings that synchronize them.

The pairs are what counts: they carry values over, people edit them, and they travel with the configuration. A coupling of an option
mapping is a pair whose record and option have been met by a run; it keeps what was synchronized. So that there is but one truth, a coupling
that a job makes, renames or removes takes its pair along in the same transaction, and a pair that a person changes parts the coupling that
says otherwise; the next run couples what the pairs say (mappings/rules/options.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mappings.couplings import save_states
from mappings.models import Coupling, OptionMapping
from syncadmin.connectors.option_sets import is_option_set
from syncadmin.sync.couplings import CouplingState
from syncadmin.sync.plan import TablePlan

_OPTION_MAPPINGS = {"mapping__integration_table__contains": ".", "pending": ""}


def save_with_pairs(plan: TablePlan, states: Sequence[CouplingState], *, job_id: int) -> list[CouplingState]:
    """See :func:`mappings.couplings.save_states`; for an option mapping the pairs follow. Call it in a transaction."""
    if not is_option_set(plan.sales):
        return save_states(plan.mapping_id, states, job_id=job_id)
    known = [state.id for state in states if state.id is not None]
    former = dict(Coupling.objects.filter(pk__in=known, pending="").values_list("pk", "bc_number"))
    saved = save_states(plan.mapping_id, states, job_id=job_id)
    coupled = [state for state in saved if state.pending is None and state.sales.key and state.bc_number]
    renamed = [(former.get(state.id or 0, state.bc_number), state) for state in coupled]
    _forget((plan.name, code, str(state.sales.key)) for code, state in renamed if code != state.bc_number)
    pair_up(plan.name, [(state.bc_number, int(state.sales.key or 0), state.sales.label) for state in coupled])
    return saved


def pair_up(name: str, pairs: Iterable[tuple[str, int, str]]) -> None:
    """Makes the pairs (code, value, label) of couplings, each as the first one of its value: its code is the one that comes back."""
    before = list(OptionMapping.objects.filter(name=name).order_by("id"))
    rows = before
    for code, value, label in pairs:
        same = [row for row in rows if row.value == value]
        if not same or (same[0].code, same[0].label) != (code, label):
            codes = [code, *(row.code for row in same if row.code != code)]
            rows = [row for row in rows if row.code not in codes]
            rows += [OptionMapping(name=name, code=one, value=value, label=label) for one in codes]
    OptionMapping.objects.filter(pk__in=[row.pk for row in before if row not in rows]).delete()
    OptionMapping.objects.bulk_create([row for row in rows if row.pk is None])


def remove_couplings(ids: Iterable[int]) -> None:
    """Deletes couplings, and the pairs of those of option mappings."""
    wanted = list(ids)
    rows = Coupling.objects.filter(pk__in=wanted, **_OPTION_MAPPINGS).exclude(sales_key=None)
    pairs = [(name, code, str(key)) for name, code, key in rows.values_list("mapping__name", "bc_number", "sales_key")]
    Coupling.objects.filter(pk__in=wanted).delete()
    _forget(pairs)


def part(names: Iterable[str]) -> None:
    """Deletes the couplings that the pairs of these option mappings do not have any more; the next run couples what they have instead."""
    wanted = set(names)
    rows = OptionMapping.objects.filter(name__in=wanted).values_list("name", "code", "value")
    pairs = {(name, code.upper(), str(value)) for name, code, value in rows}
    found = Coupling.objects.filter(mapping__name__in=wanted, **_OPTION_MAPPINGS)
    coupled = found.values_list("pk", "mapping__name", "bc_number", "sales_key")
    parted = [pk for pk, name, code, key in coupled if (name, code.upper(), key) not in pairs]
    Coupling.objects.filter(pk__in=parted).delete()


def _forget(pairs: Iterable[tuple[str, str, str]]) -> None:
    """Deletes pairs (name, code, value as a key) that no coupling of any company has."""
    wanted = set(pairs)
    if not wanted:
        return
    names, codes = {name for name, _, _ in wanted}, {code for _, code, _ in wanted}
    coupled = Coupling.objects.filter(mapping__name__in=names, bc_number__in=codes, **_OPTION_MAPPINGS)
    wanted -= set(coupled.values_list("mapping__name", "bc_number", "sales_key"))
    rows = OptionMapping.objects.filter(name__in=names, code__in=codes)
    OptionMapping.objects.filter(pk__in=[row.pk for row in rows if (row.name, row.code, str(row.value)) in wanted]).delete()
