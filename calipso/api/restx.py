"""The one Api: where the specification is, who may call, what each answer looks like."""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import Any

from flask import Response
from flask_restx import Api

from calipso import __version__
from calipso.api.errors import error_response
from calipso.api.operation import CHANGING
from calipso.api.schemas import DEFINITIONS

DESCRIPTION = (
    "The virtual network of OpenStack clouds as it really is. Times are UTC (ISO 8601). Lists page "
    "by `limit` and `marker`. Errors have one shape, see the definition `Error`."
)

AUTHORIZATIONS = {
    "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
    "bearer": {"type": "apiKey", "in": "header", "name": "Authorization"},
    "basic": {"type": "basic"},
}


#: What a value in a path is, by its name.
PATH_WORDS = {
    "key": "Its id, as lists tell it.",
    "name": "Its name.",
    "section": "Name of a section of its configuration.",
}


IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "type": "string",
    "required": False,
    "description": "`ETag` of what was read: 412 when it is another by now.",
}


class CalipsoApi(Api):  # type: ignore[misc]
    """flask-restx, with our errors, and definitions and examples in the specification."""

    def __init__(self, **options: Any) -> None:
        self._making = threading.RLock()
        super().__init__(
            version=__version__,
            title="Calipso",
            description=DESCRIPTION,
            license="Apache-2.0",
            authorizations=AUTHORIZATIONS,
            security=["token", "bearer", "basic"],
            doc="/doc",
            **options,
        )

    def handle_error(self, e: Exception) -> Response:
        """Our shape for every error of a resource."""
        return error_response(e)

    @property
    def __schema__(self) -> dict[str, Any]:
        """Swagger 2.0, with what flask-restx leaves out."""
        with self._making:  # requests that come together at first: none has half of it
            first = self._schema is None
            spec: dict[str, Any] = super().__schema__
            if first and "paths" in spec:
                complete(spec)
            return spec


def complete(spec: dict[str, Any]) -> None:
    """Put definitions, schemas of answers and examples in."""
    spec["definitions"] = {**spec.get("definitions", {}), **DEFINITIONS}
    for path in spec["paths"].values():
        for parameter in path.get("parameters", ()):
            parameter.setdefault("description", PATH_WORDS[parameter["name"]])
        if "get" in path:
            for method in CHANGING & {name.upper() for name in path}:
                _on_condition(path[method.lower()])
        for operation in path.values():
            if isinstance(operation, dict) and "x-answer" in operation:
                _complete(operation)


def _on_condition(operation: dict[str, Any]) -> None:
    """What a change of a thing that can be read takes and answers beside what is declared."""
    operation["parameters"] = [*operation.get("parameters", ()), IF_MATCH]
    operation["responses"]["412"] = {"description": HTTPStatus.PRECONDITION_FAILED.phrase}


def _complete(operation: dict[str, Any]) -> None:
    answer = operation.pop("x-answer")
    for status, response in operation["responses"].items():
        if status >= "400":
            response["schema"] = {"$ref": "#/definitions/Error"}
    response = operation["responses"][answer["status"]]
    if answer["schema"]:
        response["schema"] = answer["schema"]
    if answer["example"] is not None:
        response["examples"] = {"application/json": answer["example"]}
