"""The web UI under `/ui/`: the built files, and nothing that is not of this server.

Each address below `/ui/` that is not a file is a view: the page itself reads the address. Without a
build the API runs, and `/ui/` says how to build.
"""

from __future__ import annotations

import gzip
import mimetypes
from functools import cache
from pathlib import Path

from flask import Flask, Response, redirect, request

from calipso.ui import BUILT

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

#: Names of built files hold a hash of their content: they never change.
FOREVER = "public, max-age=31536000, immutable"

NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Calipso: the UI is not built</title></head>
<body><main><h1>The web UI is not built</h1>
<p>This installation has no built pages. In a checkout of the sources, run</p>
<pre>make ui</pre>
<p>and load this page again. The API is not affected: <a href="/api/v1/doc">read and try it</a>.</p>
</main></body></html>
"""


def install(app: Flask) -> None:
    """Serve the pages, outside `/api/v1`; everybody may load them, and they hold no data."""
    app.add_url_rule("/ui", "ui", lambda: redirect("/ui/", 302))
    app.add_url_rule("/ui/", "page", page)
    app.add_url_rule("/ui/<path:name>", "page", page)


def page(name: str = "") -> Response:
    """A built file by its name; for any other address the page, which is a view of it."""
    files = built_files()
    if not files:
        return Response(NOT_BUILT, 404, {**HEADERS, "Cache-Control": "no-store"})
    found = files.get(name)
    if found is None and name.startswith("assets/"):
        return Response("no such file\n", 404, HEADERS, content_type="text/plain")
    path = found or files["index.html"]
    kept = FOREVER if name.startswith("assets/") else "no-cache"
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    response = Response(path.read_bytes(), content_type=kind)
    if request.accept_encodings["gzip"] and kind.endswith(("html", "css", "javascript")):
        response.set_data(_compressed(path, path.stat().st_mtime))
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    if kind.startswith("text/"):
        response.content_type = f"{kind}; charset=utf-8"
    response.headers.update({**HEADERS, "Cache-Control": kept})
    return response


@cache
def _compressed(path: Path, _changed: float) -> bytes:
    return gzip.compress(path.read_bytes(), mtime=0)


@cache
def _listed(built: Path, _changed: float) -> dict[str, Path]:
    return {str(path.relative_to(built)): path for path in built.rglob("*") if path.is_file()}


def built_files() -> dict[str, Path]:
    """The files of the build by their names below `/ui/`; empty without a build.

    Only these are served: an address cannot lead to another file.
    """
    index = BUILT / "index.html"
    try:
        return _listed(BUILT, index.stat().st_mtime)
    except FileNotFoundError:
        return {}
