from decimal import Decimal

from syncadmin.connectors.batch import Operation, json_answers, json_batch, multipart_answers, multipart_batch
from syncadmin.connectors.http import Answer, parse_json

PATCH = Operation("PATCH", "/api/data/v9.2/accounts(1)", {"If-Match": 'W/"7"'}, {"creditlimit": Decimal("1.10")})
GET = Operation("GET", "/api/data/v9.2/accounts(2)")


def test_a_json_batch_numbers_its_requests():
    document = parse_json(json_batch([PATCH, GET]))
    assert [one["id"] for one in document["requests"]] == ["0", "1"]
    assert document["requests"][0]["headers"] == {"If-Match": 'W/"7"', "Content-Type": "application/json"}
    assert document["requests"][0]["body"] == {"creditlimit": Decimal("1.10")}
    assert "body" not in document["requests"][1]


def test_json_answers_are_told_apart_by_id_and_missing_ones_are_none():
    responses = [{"id": "2", "status": 404}, {"id": "0", "status": 200, "headers": {"ETag": "x"}, "body": {"a": 1}}]
    first, second, third = json_answers(Answer(200, {}, {"responses": responses}), 3)
    assert (first.status, first.headers, first.document) == (200, {"etag": "x"}, {"a": 1})
    assert second is None
    assert third.status == 404


def test_a_multipart_batch_has_crlf_everywhere():
    kind, body = multipart_batch([PATCH, GET])
    assert kind.startswith("multipart/mixed; boundary=")
    assert b"\n" not in body.replace(b"\r\n", b"")
    assert b'PATCH /api/data/v9.2/accounts(1) HTTP/1.1\r\nAccept: application/json\r\nIf-Match: W/"7"\r\n' in body
    assert b'\r\n\r\n{"creditlimit":1.10}\r\n' in body


def test_multipart_answers_come_in_order_and_the_rest_is_none():
    body = (
        b"--batchresponse_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        b'HTTP/1.1 200 OK\r\nETag: W/"8"\r\n\r\n{"a":1.10}\r\n'
        b"--batchresponse_1\r\nContent-Type: application/http\r\n\r\n"
        b"HTTP/1.1 204 No Content\r\nOData-Version: 4.0\r\n\r\n\r\n"
        b"--batchresponse_1--\r\n"
    )
    headers = {"content-type": "multipart/mixed; boundary=batchresponse_1"}
    first, second, third = multipart_answers(Answer(200, headers, None, body), 3)
    assert (first.status, first.headers["etag"], first.document) == (200, 'W/"8"', {"a": Decimal("1.10")})
    assert (second.status, second.document) == (204, None)
    assert third is None
