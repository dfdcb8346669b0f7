"""The Flask application: `/api/v1`, request ids, ETags, limits."""

from __future__ import annotations

import importlib
import pkgutil
import re
import uuid
from collections.abc import Iterator

from flask import Blueprint, Flask, Response, g, request
from flask_restx import Namespace

from calipso.api import errors, openapi, pages, responders, site
from calipso.api.auth import audit
from calipso.api.auth.ldap_config import ldap_config
from calipso.api.patience import Patience
from calipso.api.replies import etag_of
from calipso.api.responders import health, metrics
from calipso.api.restx import CalipsoApi
from calipso.errors import StoreError
from calipso.settings import settings

ROOT = "/api/v1"

_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def create_app() -> Flask:
    """The application; its stores are opened at the first request."""
    app = Flask("calipso.api", static_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=settings().api_max_body,
        ERROR_INCLUDE_MESSAGE=False,
        PROPAGATE_EXCEPTIONS=False,
    )
    app.url_map.strict_slashes = False
    app.before_request(_begin)
    app.after_request(_end)
    app.after_request(audit.record)
    ldap_config()  # a wrong file fails the start, not the first login
    errors.install(app)
    blueprint = Blueprint("v1", __name__, url_prefix=ROOT)
    api = CalipsoApi()
    for namespace in namespaces():
        api.add_namespace(namespace)
    api.init_app(blueprint, add_specs=False)
    viewer = openapi.install(blueprint, api, ROOT)
    app.register_blueprint(blueprint)
    app.register_blueprint(viewer)
    app.add_url_rule("/", "root", _root)
    health.install(app)
    metrics.install(app)
    pages.install(app)
    site.install(app)
    app.wsgi_app = Patience(app, _sorry)  # type: ignore[method-assign]
    return app


def namespaces() -> Iterator[Namespace]:
    """Each module below `responders` has one, named `ns`; a file is all it takes."""
    prefix = f"{responders.__name__}."
    for module in sorted(item.name for item in pkgutil.walk_packages(responders.__path__, prefix)):
        found = getattr(importlib.import_module(module), "ns", None)
        if isinstance(found, Namespace):
            yield found


#: What an answer that is data may do in a browser.
NOTHING_ACTIVE = "default-src 'none'; frame-ancestors 'none'"
#: Seconds for which a browser that came by HTTPS comes by HTTPS only: half a year.
HSTS_SECONDS = 15_552_000


def _root() -> Response:
    """The address of the server leads to the pages; without them, to the documentation."""
    place = "/ui/" if pages.built_files() else f"{ROOT}/doc"
    return Response(status=302, headers={"Location": place})


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _sorry(error: StoreError) -> Response:
    """The answer to a request that waits for a store which stands still."""
    _begin()
    response = errors.error_response(error)
    response.headers["X-Request-ID"] = g.request_id
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.get("request_id", "")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("X-Frame-Options", "DENY")
    if response.mimetype != "text/html":  # pages have policies of their own
        response.headers.setdefault("Content-Security-Policy", NOTHING_ACTIVE)
    else:
        response.headers.setdefault("Content-Security-Policy", "frame-ancestors 'none'")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={HSTS_SECONDS}")
    read = request.method == "GET" and response.status_code == 200
    if request.path.startswith(f"{ROOT}/"):  # a cache asks again, or keeps nothing
        kept = "no-cache" if read else "no-store"
        response.headers.setdefault("Cache-Control", f"private, {kept}")
    if read and not response.is_streamed:
        response.set_etag(etag_of(response))
        response.make_conditional(request)
    return response
