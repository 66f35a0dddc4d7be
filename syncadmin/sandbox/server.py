"""The sandbox as an HTTP server on 127.0.0.1: one thread per connection, connections kept alive, each answer written in one piece."""

from __future__ import annotations

import socket
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from .application import Application, Disconnect
from .messages import Request, Response
from .schema import BUSINESS_CENTRAL, SALES

_LARGEST_BODY = 350 * 1024 * 1024
_LONGEST_URL = 32 * 1024


class Sandbox:
    """Both systems at ``url``. ``port`` 0 takes a free one; ``store`` names a file for the rows, None keeps them in memory.

    Used as a context manager it serves in threads of its own::

        with Sandbox(port=0, data="empty") as sandbox:
            requests.get(sandbox.url + "/_sandbox/stats")
    """

    def __init__(
        self,
        *,
        port: int = 8900,
        data: str = "demo",
        store: str | None = None,
        custom_pages: bool = True,
        certificate: str | None = None,
    ) -> None:
        self.application = Application(data=data, store=store, custom_pages=custom_pages, certificate=certificate)
        try:
            self._server = _Server(("127.0.0.1", port), self.application)
        except OSError:
            self.application.close()
            raise
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Sandbox:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="sandbox", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self.close()
        if self._thread:
            self._thread.join()

    def serve_forever(self) -> None:
        """Serves in the calling thread until it is interrupted."""
        try:
            self._server.serve_forever(0.5)
        finally:
            self.close()

    def close(self) -> None:
        self._server.server_close()
        self.application.close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], application: Application) -> None:
        self.application = application
        self._connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client was faster

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is nothing to report; anything else is printed as usual."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _respond(self) -> None:
        if len(self.path) > _LONGEST_URL and self.command == "GET":
            self._write(Response(414))
            return
        body = self._body()
        if body is None:
            self._write(Response(413))
            return
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        base = f"http://{headers.get('host', '127.0.0.1')}"
        try:
            self._write(self.server.application.answer(Request(self.command, path, query, headers, body, base)))
        except Disconnect:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = _respond

    def _body(self) -> bytes | None:
        """The request's body, sent whole or in chunks; None where it is too large."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._chunks()
        length = int(self.headers.get("Content-Length") or 0)
        if length > _LARGEST_BODY:
            self.close_connection = True
            return None
        return self.rfile.read(length) if length else b""

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def _write(self, response: Response) -> None:
        system = SALES if self.path.startswith("/api/data/") else BUSINESS_CENTRAL
        lines = [f"HTTP/1.1 {response.status} {_reason(response.status)}", f"Date: {self.server.application.clock.http_date(system)}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        if response.status not in (204, 304):
            lines.append(f"Content-Length: {len(response.body)}")
        if self.close_connection:
            lines.append("Connection: close")
        body = b"" if self.command == "HEAD" else response.body
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed per request."""


def _reason(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus.__members__.values() else "Unknown"
