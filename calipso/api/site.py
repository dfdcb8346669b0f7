"""The documentation site under `/docs/`: built files, readable without a login.

Its pages have small scripts inside; each page allows exactly those, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import mimetypes
import re
from functools import cache
from pathlib import Path

from flask import Flask, Response, redirect

from calipso.api.pages import HEADERS
from calipso.ui import SITE

POLICY = (
    "default-src 'self'; script-src 'self'{hashes}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
#: Scripts inside a page, without those of another type: these hold data and do not run.
INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)

NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Calipso: no documentation site</title></head>
<body><main><h1>The documentation site is not built</h1>
<p>In a checkout of the sources, run</p>
<pre>make docs-site</pre>
<p>and load this page again. The same pages are in its folder <code>docs</code>.</p>
</main></body></html>
"""


def install(app: Flask) -> None:
    """Serve the site; everybody may read it."""
    app.add_url_rule("/docs", "docs", lambda: redirect("/docs/", 302))
    app.add_url_rule("/docs/", "docs-page", site_page)
    app.add_url_rule("/docs/<path:name>", "docs-page", site_page)


def site_page(name: str = "index.html") -> Response:
    """A file of the site by its name."""
    files = _files()
    if not files:
        return Response(NOT_BUILT, 404, {**HEADERS, "Cache-Control": "no-store"})
    path = files.get(name)
    if path is None:
        return Response("no such page\n", 404, HEADERS, content_type="text/plain")
    content = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    headers = {**HEADERS, "Cache-Control": "no-cache"}
    if kind == "text/html":
        headers["Content-Security-Policy"] = policy(content.decode("utf-8"))
    response = Response(content, headers=headers, content_type=kind)
    if kind.startswith("text/"):
        response.content_type = f"{kind}; charset=utf-8"
    return response


def policy(page: str) -> str:
    """The Content-Security-Policy of a page: it may run its own scripts and no others."""
    hashes = "".join(
        f" 'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in dict.fromkeys(INLINE.findall(page))
    )
    return POLICY.format(hashes=hashes)


@cache
def _listed(site: Path, _changed: float) -> dict[str, Path]:
    return {str(path.relative_to(site)): path for path in site.rglob("*") if path.is_file()}


def _files() -> dict[str, Path]:
    """The files of the site by their names below `/docs/`; only these are served."""
    try:
        return _listed(SITE, (SITE / "index.html").stat().st_mtime)
    except FileNotFoundError:
        return {}
