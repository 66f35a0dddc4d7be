"""multipart/mixed bodies."""

from __future__ import annotations

import pytest

from syncadmin.sandbox.messages import Response
from syncadmin.sandbox.multipart import MultipartError, boundary_of, read_parts, read_request, write_change_set, write_part

BODY = (
    b"--b\r\nContent-Type: application/http\r\nContent-ID: 1\r\n\r\nPOST /x?$filter=a eq 1 HTTP/1.1\r\nIf-Match: *\r\n\r\n{}\r\n--b--\r\n"
)


def test_a_part_is_read_with_the_request_in_it() -> None:
    inner = read_request(read_parts(BODY, "b")[0])
    assert (inner.method, inner.url, inner.body, inner.content_id) == ("POST", "/x?$filter=a eq 1", b"{}", "1")
    assert inner.headers == {"if-match": "*"}


def test_boundaries_come_with_and_without_quotes() -> None:
    assert boundary_of('multipart/mixed; boundary="a b"; charset=utf-8') == "a b"
    assert boundary_of("multipart/mixed;boundary=batch_1") == "batch_1"
    with pytest.raises(MultipartError):
        boundary_of("multipart/mixed")


@pytest.mark.parametrize("body", [BODY.replace(b"\r\n", b"\n"), BODY.replace(b"--b--", b""), b"", BODY.replace(b"\r\n\r\n", b"\r\n")])
def test_broken_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(MultipartError):
        read_parts(body, "b")


@pytest.mark.parametrize("change", [(b"application/http", b"text/plain"), (b"HTTP/1.1", b"nonsense")])
def test_broken_parts_are_refused(change: tuple[bytes, bytes]) -> None:
    with pytest.raises(MultipartError):
        read_request(read_parts(BODY.replace(*change), "b")[0])


def test_what_is_written_can_be_read_again() -> None:
    text = write_change_set([("7", Response(204)), ("8", Response(404, b"{}"))], "b") + b"--b--"
    outer = read_parts(text, "b")[0]
    parts = read_parts(outer.content, boundary_of(outer.content_type))
    assert [part.headers["content-id"] for part in parts] == ["7", "8"]
    assert b"REQ_ID" in parts[1].content and b"REQ_ID" not in parts[0].content
    assert write_part(Response(200, b"x"), "b").endswith(b"\r\n\r\nx\r\n")
