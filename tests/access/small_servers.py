"""Servers on loopback that say what a test wants."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from calipso.cli.stack.programs import LOOPBACK


@contextmanager
def talker(said: bytes, pause: float = 0.0) -> Iterator[int]:
    """A port where each who connects hears the same, byte by byte when there is a pause."""
    ended = threading.Event()
    parts = [bytes([byte]) for byte in said] if pause else [said]

    def talk(peer: socket.socket) -> None:
        with peer, suppress(OSError):
            for part in parts:
                peer.sendall(part)
                if ended.wait(pause):
                    return
            peer.shutdown(socket.SHUT_WR)
            ended.wait(1)

    def serve() -> None:
        while not ended.is_set():
            threads.append(threading.Thread(target=talk, args=(server.accept()[0],)))
            threads[-1].start()

    with socket.create_server((LOOPBACK, 0)) as server:
        threads = [threading.Thread(target=serve)]
        threads[0].start()
        yield server.getsockname()[1]
        ended.set()
        socket.create_connection(server.getsockname()).close()  # it waits for somebody
        for thread in threads:
            thread.join()


class Web:
    """A small server: what was asked, and what it answers to all."""

    def __init__(self, tls: Path | None = None) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.status = 200
        self.said: Any = {}
        self._server = ThreadingHTTPServer((LOOPBACK, 0), self._handler())
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Web:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        web = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                web.asked.append((f"{self.command} {self.path}", body))
                said = json.dumps(web.said).encode()
                self.send_response(web.status)
                self.send_header("Content-Length", str(len(said)))
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(said)

            do_POST = do_GET  # noqa: N815

        return Handler
