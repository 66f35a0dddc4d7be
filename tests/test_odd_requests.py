"""Whatever somebody types into an address or sends to it: an answer, never a broken page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from tests.test_permissions import addresses  # noqa: F401  # a fixture

ENDLESS = "9" * 30
SQUARED = "²"  # a digit that is no number
QUERIES = (
    "page=-1&sort=zzz&per_page=1000000&cols=a,b",
    f"id={ENDLESS}&cause={ENDLESS}&job={ENDLESS}&company={ENDLESS}&record={ENDLESS}&mapping={ENDLESS}",
    "q=%00%27%22%3Cb%3E&search=%00%27&record=%00&mapping=%F0%9F%98%80&side=zzz&link=abc&type=zzz&state=zzz",
    "since=notadate&until=9999-99-99&f.started_at=today-99999Y..&f.name=1..%26&f.x=2&add=zzz&f.message=@*%25*",
    f"page={SQUARED}&per_page={SQUARED}&id={SQUARED}&coupling={SQUARED}&seen={SQUARED}&job={SQUARED}&record={SQUARED}",
    f"page={ENDLESS}&per_page={'9' * 5000}&seen={'9' * 5000}",
    f"f.id={ENDLESS}&f.failed={ENDLESS}..&f.read=1|&f.status=%3C%3E&search={'a' * 3000}",
    f"search={'a+' * 1500}&q={'a+' * 1500}",
)
SENT = (
    {},
    dict.fromkeys(("mapping", "coupling", "only", "entry", "job", "line", "row", "cause", "watch", "pk", "company", "sales"), ENDLESS),
    dict.fromkeys(("mapping", "coupling", "only", "entry", "template", "job", "line", "row", "cause", "days", "pk", "company"), SQUARED),
    dict.fromkeys(("mapping", "coupling", "entry", "template", "days", "pk"), "9" * 5000),
    dict.fromkeys(("mapping", "keys", "coupling", "entry", "run", "do", "side", "direction", "use", "name", "next", "check"), "\x00<b>"),
    {"mapping": "1", "keys": "no-key", "side": "sales", "run": "synchronize", "do": "delete", "all": "1", "next": "//elsewhere.example/"},
)


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_no_address_breaks_by_what_is_typed_into_it(
    addresses: list[str],  # noqa: F811
    signed_in: Callable[[str], Client],
    query: str,
) -> None:
    client = signed_in("Administrator")
    answers = {one: client.get(f"{one}?{query}").status_code for one in addresses}
    assert {one: status for one, status in answers.items() if status not in {200, 302, 400, 404, 405}} == {}


@pytest.mark.parametrize("data", SENT, ids=range(len(SENT)))
def test_no_address_breaks_by_what_is_sent_to_it(
    addresses: list[str],  # noqa: F811
    signed_in: Callable[[str], Client],
    data: dict[str, str],
) -> None:
    client = signed_in("Administrator")
    answers = {one: client.post(one, data) for one in addresses}
    assert {one: got.status_code for one, got in answers.items() if got.status_code not in {200, 302, 400, 404, 405, 409, 422}} == {}
    assert [one for one, got in answers.items() if "elsewhere" in got.headers.get("Location", "")] == []
