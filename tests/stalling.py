"""A way to MongoDB that stands still in the middle of a request, as the server does on SIGSTOP."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from urllib.parse import urlsplit


class Stalling:
    """Passes everything on until a request holds `word`; from then on, nothing is answered."""

    def __init__(self, mongo_url: str, word: str) -> None:
        there = urlsplit(mongo_url)
        self.there = (there.hostname or "127.0.0.1", there.port or 27017)
        self.word = word.encode()
        self.stalled = threading.Event()
        self.server = socket.create_server(("127.0.0.1", 0), backlog=50)
        port = self.server.getsockname()[1]
        self.url = f"mongodb://127.0.0.1:{port}/?directConnection=true"
        self.sockets: list[socket.socket] = []

    def __enter__(self) -> Stalling:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each in (self.server, *self.sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.server.accept()
                server = socket.create_connection(self.there)
                self.sockets += [client, server]
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.word in data:
                    self.stalled.set()
                if not self.stalled.is_set():
                    target.sendall(data)
