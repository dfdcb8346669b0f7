"""The specification: OpenAPI 3.1, of what `@operation` declares and of the models' JSON Schema.

Flask-RESTX knows namespaces, resources and routes; the operations say the rest.
"""

from __future__ import annotations

import inspect
import re
import threading
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, redirect
from flask_restx.utils import camel_to_dash
from flask_swagger_ui import get_swaggerui_blueprint

from calipso import __version__
from calipso.api.auth.session import COOKIE, HEADER, READS
from calipso.api.error_models import Error, error_example
from calipso.api.json_schema import Components, Schema
from calipso.api.operation import CHANGING, Operation
from calipso.api.replies import json_response
from calipso.api.restx import CalipsoApi
from calipso.api.streams import EVENT_STREAM

VERSION = "3.1.0"
JSON = "application/json"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch")

DESCRIPTION = (
    "The virtual network of OpenStack clouds as it really is. Times are UTC (ISO 8601). Lists page "
    "by `limit` and `marker`. Errors have one shape, see the schema `Error`."
)
SECURITY = {
    "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
}
LICENSE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}

#: What a value in a path is, by its name, with an example.
PATH_WORDS = {
    "key": ("Its id, as lists show it.", "65a1f0c2d4e8b1a2c3d4e5f6"),
    "name": ("Its name.", "prod"),
    "section": ("Name of a section of its configuration.", "AMQP"),
}
IF_MATCH: Schema = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "`ETag` of what was read; 412 when the thing has changed since.",
}
CSRF: Schema = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "Needed with the cookie of a session: `csrf` of `/auth/sessions`.",
}

_VARIABLE = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")


class Specification:
    """The document of one API; made at the first request, since not every process serves it."""

    def __init__(self, api: CalipsoApi, root: str) -> None:
        self._api = api
        self._root = root
        self._lock = threading.Lock()
        self._document: Schema = {}

    def document(self) -> Schema:
        """The whole of it."""
        with self._lock:
            if not self._document:
                self._document = self._make()
            return self._document

    def _make(self) -> Schema:
        components = Components()
        paths: Schema = {}
        for namespace in self._api.namespaces:
            for resource, urls, _, _ in namespace.resources:
                for url in self._api.ns_urls(namespace, urls):
                    path = _VARIABLE.sub(r"{\1}", url)
                    paths[path] = _path(resource, namespace.name, url, components)
        return {
            "openapi": VERSION,
            "info": {
                "title": "Calipso",
                "version": __version__,
                "description": DESCRIPTION,
                "license": LICENSE,
            },
            "servers": [{"url": self._root}],
            "tags": [
                {"name": namespace.name, "description": namespace.description}
                for namespace in self._api.namespaces
                if namespace.resources
            ],
            "security": [{name: []} for name in SECURITY],
            "paths": dict(sorted(paths.items())),
            "components": {"schemas": components.schemas, "securitySchemes": SECURITY},
        }


def install(blueprint: Blueprint, api: CalipsoApi, root: str) -> Blueprint:
    """Serve the specification below a blueprint; returns the blueprint of its viewer.

    `swagger.json`, which was Swagger 2.0, leads to it.
    """
    specification = Specification(api, root)

    def openapi() -> Response:
        return json_response(specification.document())

    def swagger() -> Response:
        moved = redirect(f"{root}/openapi.json", 308)
        moved.headers["Deprecation"] = "true"
        moved.headers["Link"] = f'<{root}/openapi.json>; rel="successor-version"'
        return Response(moved.get_data(), moved.status, moved.headers)

    blueprint.add_url_rule("/openapi.json", "openapi", openapi)
    blueprint.add_url_rule("/swagger.json", "swagger", swagger)
    config = {"app_name": "Calipso", "validatorUrl": None, "docExpansion": "none"}
    viewer: Blueprint = get_swaggerui_blueprint(
        f"{root}/doc", f"{root}/openapi.json", config, blueprint_name="doc"
    )
    return viewer


def operations_of(resource: Any) -> Iterator[tuple[str, Any, Operation]]:
    """Each declared method of a resource: its name in small letters, the function, what it is."""
    for method in METHODS:
        function = getattr(resource, method, None)
        declared = getattr(function, "operation", None)
        if declared is not None:
            yield method, function, declared


def _path(resource: Any, tag: str, url: str, components: Components) -> Schema:
    found: Schema = {}
    if variables := _VARIABLE.findall(url):
        found["parameters"] = [_variable(name) for name in variables]
    declared = list(operations_of(resource))
    readable = any(method == "get" for method, _, _ in declared)
    for method, function, operation in declared:
        summary, description = _said(function)
        conditional = readable and method.upper() in CHANGING
        headers = [IF_MATCH] if conditional else []
        if method.upper() not in READS and not operation.open:
            headers.append(CSRF)
        made = {
            "tags": [tag],
            "operationId": f"{method}_{camel_to_dash(resource.__name__)}",
            "summary": summary,
            **({"description": description} if description else {}),
            **_asked(operation, components, headers),
            "responses": _answers(operation, components, conditional=conditional),
            "x-need": operation.need.value,
        }
        if operation.open:
            made["security"] = []
        found[method] = made
    return found


def _variable(name: str) -> Schema:
    description, example = PATH_WORDS[name]
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
        "description": description,
        "example": example,
    }


def _said(function: Any) -> tuple[str, str]:
    """First paragraph and rest of the docstring."""
    summary, _, rest = (inspect.getdoc(function) or "").partition("\n\n")
    return " ".join(summary.split()), rest.strip()


def _asked(operation: Operation, components: Components, headers: list[Schema]) -> Schema:
    """Parameters and body of an operation."""
    parameters = components.parameters(operation.query) if operation.query else []
    found: Schema = {"parameters": [*parameters, *headers]}
    if operation.body:
        content = {JSON: {"schema": components.reference(operation.body)}}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _answers(operation: Operation, components: Components, *, conditional: bool) -> Schema:
    good = {"description": HTTPStatus(operation.status).phrase}
    content = _content(operation, components)
    statuses = sorted({*operation.errors, *([412] if conditional else [])})
    return {str(operation.status): good | ({"content": content} if content else {})} | {
        str(status): _error(status, components) if status >= 400 else _empty(status)
        for status in statuses
    }


def _content(operation: Operation, components: Components) -> Schema:
    """What a good answer holds, by media type."""
    content: Schema = {}
    schema = None
    if operation.page_of:
        schema = components.page(operation.page_of)
    elif operation.answer:
        schema = components.reference(operation.answer)
    if schema:
        content[JSON] = {"schema": schema}
        if operation.example is not None:
            content[JSON]["example"] = operation.example
    for kind in operation.produces:  # a schema of a stream would be one of each of its events
        content[kind] = {} if kind == EVENT_STREAM else {"schema": {"type": "string"}}
    return content


def _empty(status: int) -> Schema:
    return {"description": HTTPStatus(status).phrase}


def _error(status: int, components: Components) -> Schema:
    content = {"schema": components.reference(Error), "example": error_example(status)}
    return {"description": HTTPStatus(status).phrase, "content": {JSON: content}}
