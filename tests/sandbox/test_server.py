"""The sandbox as an HTTP server."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from syncadmin.sandbox.server import Sandbox
from tests.sandbox.client import SALES, Client


def connection(sandbox: Sandbox) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)


def test_a_connection_serves_many_requests(sandbox: Sandbox) -> None:
    line = connection(sandbox)
    for _ in range(3):
        line.request("GET", "/_sandbox/stats")
        answer = line.getresponse()
        assert answer.status == 200 and json.loads(answer.read())
    line.close()


def test_bodies_may_come_in_chunks(sandbox: Sandbox, sales: Client) -> None:
    line = connection(sandbox)
    headers = {"Authorization": str(sales.session.headers["Authorization"]), "Content-Type": "application/json"}
    line.request("POST", f"{SALES}accounts", body=iter([b'{"name":', b' "Adatum"}']), headers=headers, encode_chunked=True)
    assert line.getresponse().status == 204
    line.close()
    assert sales.rows("accounts")[0]["name"] == "Adatum"


def test_many_clients_at_once(sandbox: Sandbox) -> None:
    clients = [Client(sandbox, SALES) for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        made = list(pool.map(lambda client: client.add("accounts", {"name": "A"})["versionnumber"], clients))
    assert len(set(made)) == 20
    assert len(clients[0].rows("accounts")) == 20


def test_addresses_that_are_too_long_are_refused(sales: Client) -> None:
    assert sales.get("accounts?tag=" + "x" * 33_000).status_code == 414


def test_nothing_is_left_running_after_it_is_closed() -> None:
    before = set(threading.enumerate())
    with Sandbox(port=0, data="empty") as sandbox:
        open_line = connection(sandbox)
        open_line.request("GET", "/_sandbox/stats")
        open_line.getresponse().read()
        port = int(sandbox.url.rpartition(":")[2])
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive(), thread
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        pass
    open_line.close()


def test_a_store_keeps_the_rows_for_the_next_start(tmp_path: Path) -> None:
    path = str(tmp_path / "rows.sqlite")
    with Sandbox(port=0, data="empty", store=path) as sandbox:
        row = Client(sandbox, SALES).add("accounts", {"name": "Müller"})
    with Sandbox(port=0, data="demo", store=path) as sandbox:
        sales = Client(sandbox, SALES)
        assert sales.rows("accounts?$filter=name eq 'MULLER'")[0]["accountid"] == row["accountid"]
        assert len(sales.rows("accounts")) == 1
        assert sales.add("accounts", {"name": "Nod"})["versionnumber"] > row["versionnumber"]


def test_a_taken_port_and_unknown_data_are_told() -> None:
    with Sandbox(port=0, data="empty") as sandbox, pytest.raises(OSError):
        Sandbox(port=int(sandbox.url.rpartition(":")[2]), data="empty")
    with pytest.raises(ValueError, match="nonsense"):
        Sandbox(port=0, data="nonsense")


def test_a_body_is_json(sales: Client, standard: Client) -> None:
    for client, path in ((sales, "accounts"), (standard, "currencies")):
        assert client.session.post(client.root + path, data={"name": "x"}, timeout=10).status_code == 415


def test_answers_to_head_have_no_body(sandbox: Sandbox) -> None:
    answer = requests.head(f"{sandbox.url}/_sandbox/stats", timeout=10)
    assert answer.content == b""
