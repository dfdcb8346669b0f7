"""The specification is true and whole, in both of its languages; its viewer works offline."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft4Validator
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV30SpecValidator

from calipso.api import restx
from calipso.api.app import create_app

Document = dict[str, Any]
METHODS = ("get", "put", "post", "patch", "delete")

#: Operations whose answer is no JSON document, or none at all.
NO_BODY = {"204"}


@pytest.fixture(scope="module")
def spec() -> Document:
    client = create_app().test_client()
    found: Document = client.get("/api/v1/swagger.json").json
    return found


@pytest.fixture(scope="module")
def openapi() -> Document:
    client = create_app().test_client()
    found: Document = client.get("/api/v1/openapi.json").json
    return found


def test_who_asks_while_the_specification_is_made_gets_all_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make, begun = restx.complete, threading.Event()

    def slow(spec: Document) -> None:
        begun.set()
        time.sleep(0.3)
        make(spec)

    monkeypatch.setattr(restx, "complete", slow)
    app = create_app()
    first = threading.Thread(target=app.test_client().get, args=("/api/v1/swagger.json",))
    first.start()
    assert begun.wait(10)

    assert "Error" in app.test_client().get("/api/v1/swagger.json").json["definitions"]
    first.join(10)


def operations(spec: Document) -> Iterator[tuple[str, Document, Document]]:
    """Each operation by its name, with its path."""
    for path, item in spec["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method], item


def problems(found: Iterator[Any]) -> list[str]:
    return [f"{list(error.absolute_path)}: {error.message[:200]}" for error in found]


def test_the_swagger_2_specification_is_valid(spec: Document) -> None:
    assert spec["swagger"] == "2.0"
    assert problems(OpenAPIV2SpecValidator(spec).iter_errors()) == []


def test_the_openapi_3_specification_is_valid(openapi: Document) -> None:
    assert openapi["openapi"].startswith("3.")
    assert problems(OpenAPIV30SpecValidator(openapi).iter_errors()) == []


def test_both_tell_the_same_operations_parameters_and_answers(
    spec: Document, openapi: Document
) -> None:
    ours = {name: operation for name, operation, _ in operations(spec)}
    theirs = {name: operation for name, operation, _ in operations(openapi)}

    assert ours.keys() == theirs.keys()
    for name, operation in ours.items():
        given = [item["name"] for item in operation.get("parameters", ()) if item["in"] != "body"]
        assert [item["name"] for item in theirs[name]["parameters"]] == given, name
        assert theirs[name]["responses"].keys() == operation["responses"].keys(), name
        has_body = any(item["in"] == "body" for item in operation.get("parameters", ()))
        assert ("requestBody" in theirs[name]) == has_body, name


def test_every_operation_says_what_it_does_takes_and_answers(spec: Document) -> None:
    lacking = []
    for name, operation, item in operations(spec):
        if not operation.get("summary"):
            lacking.append(f"{name}: no summary")
        given = [*operation.get("parameters", ()), *item.get("parameters", ())]
        lacking += [
            f"{name}: parameter {parameter['name']} is not described"
            for parameter in given
            if parameter["in"] != "body" and not parameter.get("description")
        ]
        good = {code: said for code, said in operation["responses"].items() if code < "300"}
        bad = [code for code in operation["responses"] if code >= "400"]
        for code, said in good.items():
            tells = (
                code in NO_BODY or said.get("examples") or len(operation.get("produces", ())) > 1
            )
            if not tells:
                lacking.append(f"{name}: no example of {code}")
        if not good or not bad:
            lacking.append(f"{name}: good answers {list(good)}, errors {bad}")

    assert lacking == []


def test_the_examples_are_what_the_schemas_say(spec: Document) -> None:
    wrong = []
    for name, operation, _ in operations(spec):
        for code, said in operation["responses"].items():
            example = said.get("examples", {}).get("application/json")
            if example is None or "schema" not in said:
                continue
            schema = {**nullable(said["schema"]), "definitions": nullable(spec["definitions"])}
            wrong += [
                f"{name} {code}: {problem}"
                for problem in problems(Draft4Validator(schema).iter_errors(example))
            ]

    assert wrong == []


def nullable(schema: Any) -> Any:
    """`x-nullable` in the words of JSON Schema."""
    if isinstance(schema, list):
        return [nullable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: nullable(value) for key, value in schema.items() if key != "x-nullable"}
    return {"anyOf": [found, {"type": "null"}]} if schema.get("x-nullable") is True else found


def test_every_answer_of_an_error_has_the_one_shape(spec: Document) -> None:
    for name, operation, _ in operations(spec):
        for code, said in operation["responses"].items():
            if code >= "400":
                assert said["schema"] == {"$ref": "#/definitions/Error"}, (name, code)


def test_the_viewer_asks_no_other_server(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/api/v1/doc")
    assert page.status_code == 200
    loaded = re.findall(r"(?:src|href)=[\"']([^\"'#]+)[\"']", page.text)

    assert any(name.endswith(".js") for name in loaded)
    assert foreign(page.text) == []
    for name in loaded:
        assert name.startswith("/"), name
        with client.get(name) as asset:
            assert asset.status_code == 200, name
            if name.endswith(".css"):
                assert foreign(asset.text) == [], name
    assert 'validatorUrl: "" || null' in page.text


def foreign(text: str) -> list[str]:
    """What a browser would load from elsewhere: sources, styles, fonts."""
    return re.findall(
        r"(?:src|href)=[\"'](?:https?:)?//[^\"']+|url\([\"']?(?:https?:)?//[^)]+", text
    )


def test_the_specification_is_open_and_the_operations_are_not(app: Flask, spec: Document) -> None:
    """Each operation that is not declared open wants a token."""
    client: FlaskClient = app.test_client()
    for name, operation, _ in operations(spec):
        if operation.get("security") == []:
            continue
        method, path = name.split(" ")
        url = "/api/v1" + re.sub(r"{[^}]+}", "x", path)
        assert client.open(url, method=method).status_code == 401, name
