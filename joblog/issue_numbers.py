"""How many issues there are in each state: what stands on the tabs of the list of errors."""

from __future__ import annotations

from django.db.models import Sum

from joblog.models import ErrorCause, SynchEntry
from joblog.models.synch_entry import RESOLVED_ISSUE
from syncadmin.ui.paging import Counted, count_up_to_limit


def numbers_of_issues() -> dict[str, Counted]:
    """By state; two statements. What is unresolved has been counted by the causes, what is resolved is counted as far as lists go."""
    found = ErrorCause.objects.aggregate(open=Sum("records"), ignored=Sum("ignored"))
    unresolved = {state: Counted.of(number or 0) for state, number in found.items()}
    return unresolved | {"resolved": count_up_to_limit(SynchEntry.objects.filter(RESOLVED_ISSUE))}
