import socket
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from threading import BoundedSemaphore

import pytest

from syncadmin.connectors.http import Http, Limits, LostAnswer, Repeat, shared_places
from syncadmin.sync.errors import RetryLater, RunError

from .scripted import message, scripted

QUICK = Limits(connect=2, read=2, retries=2, backoff=0.0, longest_wait=1)
CUT_BODY = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a":'


def door() -> Http:
    return Http("The system", limits=QUICK)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_numbers_with_a_point_are_read_exactly():
    with scripted(message(200, '{"a": 0.1000000000000000000001, "b": 3}', Date="Sat, 31 Jan 2026 08:00:00 GMT")) as server:
        answer = door().send("GET", server.url, repeat=Repeat.ALWAYS)
    assert answer.document == {"a": Decimal("0.1000000000000000000001"), "b": 3}
    assert answer.date.isoformat() == "2026-01-31T08:00:00+00:00"


@pytest.mark.parametrize(
    ("stamp", "least", "most"),
    [
        ("300", 300, 300), ("1.5", 1.5, 1.5), ("in half an hour", 1500, 1800),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0, 0), ("soon", 60, 60), ("²", 60, 60), ("9" * 400, 86400, 86400), ("", 60, 60),
    ],
)  # fmt: skip
def test_how_long_a_system_wants_to_be_left_alone_is_understood_as_seconds_and_as_a_date(stamp, least, most):
    if stamp == "in half an hour":
        stamp = format_datetime(datetime.now(UTC) + timedelta(minutes=30), usegmt=True)
    with scripted(message(429, Retry_After=stamp)) as server, pytest.raises(RetryLater) as caught:
        Http("The system", limits=Limits(retries=0)).send("GET", server.url, repeat=Repeat.ALWAYS)
    assert least <= caught.value.seconds <= most


def test_an_insert_that_was_refused_for_a_while_is_not_lost_for_want_of_a_sensible_header():
    with scripted(message(429, Retry_After="soon")) as server, pytest.raises(RetryLater):
        door().send("POST", server.url, repeat=Repeat.REFUSED, body=b"{}")


def test_a_clock_that_cannot_be_read_is_none():
    with scripted(message(200, "{}", Date="yesterday")) as server:
        answer = door().send("GET", server.url, repeat=Repeat.ALWAYS)
    assert abs(answer.date - datetime.now(UTC)) < timedelta(minutes=1)


def test_what_no_text_can_hold_is_replaced_and_a_whole_emoji_stays():
    body = r'{"a": "x\u0000y", "b": ["\ud83d", "\ud83d\ude42", {"c": "\ude42!"}], "d": "\\u0000"}'
    with scripted(message(200, body)) as server:
        answer = door().send("GET", server.url, repeat=Repeat.ALWAYS)
    assert answer.document == {"a": "x\ufffdy", "b": ["\ufffd", "🙂", {"c": "\ufffd!"}], "d": "\\u0000"}


def test_a_document_without_end_is_no_document():
    with scripted(message(200, "[" * 100_000)) as server:
        assert door().send("GET", server.url, repeat=Repeat.ALWAYS).document is None


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_read_is_repeated_until_it_works_and_every_request_counts(status):
    http = door()
    with scripted(message(status), message(status), message(200, "{}")) as server:
        assert http.send("GET", server.url, repeat=Repeat.ALWAYS).ok
    assert http.traffic.requests == 3
    assert http.traffic.throttled == (2 if status == 429 else 0)


def test_a_read_is_begun_again_when_its_connection_breaks_or_its_body_breaks_off():
    with scripted(b"", CUT_BODY, message(200, "{}")) as server:
        assert door().send("GET", server.url, repeat=Repeat.ALWAYS).ok
        assert len(server.asked) == 3


def test_a_system_that_stays_busy_is_left_alone_as_long_as_it_says():
    http = door()
    with scripted(*[message(503)] * 2, message(503, Retry_After="1")) as server, pytest.raises(RetryLater) as caught:
        http.send("GET", server.url, repeat=Repeat.ALWAYS)
    assert caught.value.seconds == 1


def test_a_long_wait_is_handed_on_and_not_waited_for():
    with scripted(message(429, Retry_After="300")) as server:
        with pytest.raises(RetryLater) as caught:
            door().send("GET", server.url, repeat=Repeat.ALWAYS)
        assert len(server.asked) == 1
    assert caught.value.seconds == 300


def test_an_insert_is_repeated_after_429_which_says_that_nothing_was_done():
    with scripted(message(429, Retry_After="0"), message(201, "{}")) as server:
        assert door().send("POST", server.url, repeat=Repeat.REFUSED, body=b"{}").ok


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_an_insert_is_not_repeated_after_any_other_answer(status):
    with scripted(message(status, Retry_After="0")) as server:
        assert door().send("POST", server.url, repeat=Repeat.REFUSED, body=b"{}").status == status
        assert len(server.asked) == 1


@pytest.mark.parametrize("repeat", [Repeat.REFUSED, Repeat.ANSWERED])
@pytest.mark.parametrize("broken", [b"", CUT_BODY])
def test_a_write_whose_answer_is_lost_is_never_sent_again(repeat, broken):
    with scripted(broken) as server:
        with pytest.raises(LostAnswer):
            door().send("POST", server.url, repeat=repeat, body=b"{}")
        assert len(server.asked) == 1


def test_a_change_is_repeated_after_an_answer_that_may_pass():
    with scripted(message(503), message(200, "{}")) as server:
        assert door().send("POST", server.url, repeat=Repeat.ANSWERED, body=b"{}").ok


@pytest.mark.parametrize("repeat", list(Repeat))
def test_nobody_there_is_tried_again_later_since_nothing_was_sent(repeat):
    with pytest.raises(RetryLater) as caught:
        door().send("POST", f"http://127.0.0.1:{free_port()}/x?secret", repeat=repeat, body=b"{}")
    assert "cannot be reached" in caught.value.text
    assert "secret" not in caught.value.text


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "nowhere", "http://"])
def test_an_impossible_address_ends_the_run(url):
    with pytest.raises(RunError) as caught:
        door().send("GET", url, repeat=Repeat.ALWAYS)
    assert caught.value.code == "address"


def test_a_redirection_is_a_wrong_address():
    with scripted(message(302, Location="http://elsewhere/")) as server, pytest.raises(RunError) as caught:
        door().send("GET", server.url, repeat=Repeat.ALWAYS)
    assert caught.value.code == "address"


def test_a_cookie_is_not_kept():
    http = door()
    with scripted(message(200, "{}", Set_Cookie="ARRAffinity=1"), message(200, "{}")) as server:
        http.send("GET", server.url, repeat=Repeat.ALWAYS)
        http.send("GET", server.url, repeat=Repeat.ALWAYS)
        assert all("Cookie" not in headers for _, _, headers, _ in server.asked)


def test_a_credential_has_one_limiter_in_the_process():
    assert shared_places("http://a", "me", 5) is shared_places("http://a", "me", 5)
    assert shared_places("http://a", "me", 5) is not shared_places("http://a", "you", 5)
    assert isinstance(shared_places("http://a", "me", 5), BoundedSemaphore)
