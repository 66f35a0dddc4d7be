"""A receiver of notifications on a free port: keeps what is posted, answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Receiver:
    """``statuses`` are given out one after the other, then 200; ``shakes`` tells whether the handshake is answered."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.statuses: list[int] = []
        self.shakes = True
        self._arrived = threading.Condition()

    def take(self, handler: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        token = parse_qs(urlsplit(handler.path).query).get("validationToken")
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        if token:
            return 200, token[0].encode() if self.shakes else b"no"
        with self._arrived:
            self.bodies.append(json.loads(body))
            self.headers.append({name.lower(): value for name, value in handler.headers.items()})
            self.paths.append(handler.path)
            self._arrived.notify_all()
            return (self.statuses.pop(0) if self.statuses else 200), b""

    def wait(self, number: int = 1) -> list[Any]:
        """The bodies, once so many have come."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.bodies) >= number, timeout=10), f"only {len(self.bodies)} came"
            return list(self.bodies)


@contextmanager
def listening() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = receiver.take(self)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(server)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
