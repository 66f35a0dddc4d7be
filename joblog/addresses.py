"""Addresses that several pages of the log need."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from django.urls import reverse

from joblog.models import SynchEntry, SynchJob
from syncadmin.sync.records import Direction, Side


def log_url(mapping_name: str = "", **query: str) -> str:
    """The synchronization log, narrowed to one mapping where a name is given."""
    wanted = ({"mapping": mapping_name} if mapping_name else {}) | query
    return with_query(reverse("joblog:log"), wanted)


def entries_url(job: SynchJob, action: str = "", **query: str) -> str:
    """Exactly the entries behind one counter of a job; all of them without ``action``."""
    return with_query(reverse("joblog:job-entries", args=[job.pk]), ({"action": action} if action else {}) | query)


def errors_of_url(mapping_id: int | None) -> str:
    """The open errors of a mapping, whatever it was called when they came: those of its statistics are there, too."""
    return with_query(reverse("joblog:errors"), {"of": str(mapping_id)} if mapping_id else {})


def record_url(mapping_id: int | None, side: Side, key: str | None) -> str:
    """The page of a record; "" where the mapping is gone or there is no record."""
    return reverse("joblog:record", args=[mapping_id, side.value, key]) if mapping_id and key else ""


def source_url(entry: SynchEntry) -> str:
    """Needs ``entry.job`` at hand, as :func:`destination_url` does."""
    return record_url(entry.job.mapping_id, Direction(entry.job.direction).source, entry.source_key)


def destination_url(entry: SynchEntry) -> str:
    return record_url(entry.job.mapping_id, Direction(entry.job.direction).destination, entry.destination_key)


def why_url(mapping_id: int | None, side: Side, key: str | None) -> str:
    """The page that tells why a record is not synchronized; "" where there is none for the record."""
    return reverse("joblog:record-why", args=[mapping_id, side.value, key]) if mapping_id and key else ""


def help_url(code: str) -> str:
    """What an error code means to people."""
    return f"{reverse('joblog:error-help')}#{quote(code)}"


def with_query(address: str, query: dict[str, str]) -> str:
    return f"{address}?{urlencode(query)}" if query else address
