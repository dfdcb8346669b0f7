"""The API as a process, with routes that tests need: slow ones, a stream without end.

python -m tests.api.served [flags of calipso.api.server]
"""

from __future__ import annotations

import sys
import time

from flask import Flask, Response

from calipso.api import server
from calipso.api.streams import event_stream

make_app = server.make_app


def make_app_with_more() -> Flask:
    """The product's application, and two routes."""
    app = make_app()

    @app.get("/slow/<int:milliseconds>")
    def slow(milliseconds: int) -> str:
        time.sleep(milliseconds / 1000)
        return "done"

    @app.get("/endless")
    def endless() -> Response:
        return event_stream(
            lambda: {"now": time.time()},
            is_last=lambda _: False,
            told=lambda state: state,
            last_id="",
        )

    return app


if __name__ == "__main__":
    server.make_app = make_app_with_more
    sys.exit(server.main())
