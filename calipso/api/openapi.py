"""The specification as OpenAPI 3: made of the Swagger 2.0 one, for tools that read only that."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from calipso.api.replies import json_response
from calipso.api.restx import CalipsoApi
from calipso.api.streams import EVENT_STREAM
from calipso.model.documents import Document

VERSION = "3.0.3"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
JSON = "application/json"

SECURITY = {
    "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
}

#: Words of a parameter that stand beside its schema; the others are its schema.
BESIDE = ("name", "in", "description", "required", "collectionFormat")


def install(blueprint: Blueprint, api: CalipsoApi) -> None:
    """Serve it beside `swagger.json`."""

    def openapi() -> Response:
        return json_response(convert(api.__schema__))

    blueprint.add_url_rule("/openapi.json", "openapi", openapi)


def convert(swagger: Document) -> Document:
    """The same operations in the words of OpenAPI 3.0."""
    schemes = swagger.get("securityDefinitions", {})
    return {
        "openapi": VERSION,
        "info": swagger["info"],
        "servers": [{"url": swagger.get("basePath", "/")}],
        "tags": swagger.get("tags", []),
        "security": swagger.get("security", []),
        "paths": {path: _path(item, swagger) for path, item in swagger["paths"].items()},
        "components": {
            "schemas": {
                name: _schema(item) for name, item in swagger.get("definitions", {}).items()
            },
            "securitySchemes": {name: SECURITY[name] for name in schemes},
        },
    }


def _path(item: Document, swagger: Document) -> Document:
    found: Document = {}
    shared = [_parameter(parameter) for parameter in item.get("parameters", ())]
    if shared:
        found["parameters"] = shared
    for method in METHODS:
        if method in item:
            found[method] = _operation(item[method], swagger)
    return found


def _operation(operation: Document, swagger: Document) -> Document:
    produces = operation.get("produces") or swagger.get("produces") or [JSON]
    found = {
        name: value
        for name, value in operation.items()
        if name not in ("parameters", "responses", "produces", "consumes")
    }
    given = operation.get("parameters", ())
    found["parameters"] = [_parameter(item) for item in given if item["in"] != "body"]
    for item in given:
        if item["in"] == "body":
            content = {JSON: {"schema": _schema(item["schema"])}}
            found["requestBody"] = {"required": item.get("required", False), "content": content}
    found["responses"] = {
        status: _response(response, produces if status < "300" else [JSON])
        for status, response in operation["responses"].items()
    }
    return found


def _parameter(item: Document) -> Document:
    found: Document = {name: item[name] for name in ("name", "in", "description") if name in item}
    found["required"] = item["in"] == "path" or bool(item.get("required"))
    schema = {name: value for name, value in item.items() if name not in BESIDE}
    found["schema"] = _schema(schema)
    if item.get("collectionFormat") == "multi":
        found |= {"style": "form", "explode": True}
    return found


def _response(response: Document, produces: list[str]) -> Document:
    found: Document = {"description": response.get("description", "")}
    if "headers" in response:
        found["headers"] = {
            name: {"description": item.get("description", ""), "schema": _header(item)}
            for name, item in response["headers"].items()
        }
    examples = response.get("examples", {})
    content: Document = {}
    for kind in produces:
        if kind == JSON and "schema" in response:
            content[kind] = {"schema": _schema(response["schema"])}
            if kind in examples:
                content[kind]["example"] = examples[kind]
        elif kind != JSON:  # a schema of a stream would be one of each of its events
            content[kind] = {} if kind == EVENT_STREAM else {"schema": {"type": "string"}}
    return found | ({"content": content} if content else {})


def _header(item: Document) -> Document:
    return {name: value for name, value in item.items() if name != "description"}


def _schema(schema: Any) -> Any:
    """A schema: references point elsewhere, `x-nullable` has a word of its own."""
    if isinstance(schema, list):
        return [_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _inside(name, value) for name, value in schema.items()}
    nullable = found.pop("x-nullable", False)
    if "$ref" in found:
        reference = {"$ref": found["$ref"].replace("#/definitions/", "#/components/schemas/")}
        rest = {name: value for name, value in found.items() if name != "$ref"}
        if not nullable and not rest:
            return reference
        found = {"allOf": [reference], **rest}
    if nullable:
        found["nullable"] = True
        if "enum" in found and None not in found["enum"]:
            found["enum"] = [*found["enum"], None]
    return found


def _inside(name: str, value: Any) -> Any:
    if name == "properties":
        return {key: _schema(item) for key, item in value.items()}
    if name in ("items", "allOf", "additionalProperties"):
        return _schema(value)
    return value  # examples and defaults are data
