"""The specification is true and whole; its viewer works offline."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel

from calipso.api import openapi
from calipso.api.app import create_app, namespaces
from calipso.api.json_schema import Components
from calipso.api.openapi import operations_of
from calipso.api.operation import Operation

Document = dict[str, Any]
METHODS = ("get", "put", "post", "patch", "delete")

#: Operations whose answer is no JSON document, or none at all.
NO_BODY = {"204"}


JSON = "application/json"


@pytest.fixture(scope="module")
def spec() -> Document:
    client = create_app().test_client()
    found: Document = client.get("/api/v1/openapi.json").json
    return found


def test_who_asks_while_the_specification_is_made_gets_all_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make, begun = openapi.Specification._make, threading.Event()
    made = []

    def slow(specification: openapi.Specification) -> Document:
        begun.set()
        time.sleep(0.3)
        made.append(1)
        return make(specification)

    monkeypatch.setattr(openapi.Specification, "_make", slow)
    app = create_app()
    first = threading.Thread(target=app.test_client().get, args=("/api/v1/openapi.json",))
    first.start()
    assert begun.wait(10)

    found = app.test_client().get("/api/v1/openapi.json").json
    assert "Error" in found["components"]["schemas"]
    first.join(10)
    assert made == [1]


def operations(spec: Document) -> Iterator[tuple[str, Document, Document]]:
    """Each operation by its name, with its path."""
    for path, item in spec["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method], item


def problems(found: Iterator[Any]) -> list[str]:
    return [f"{list(error.absolute_path)}: {error.message[:200]}" for error in found]


def test_the_specification_is_valid_openapi_3_1(spec: Document) -> None:
    assert spec["openapi"].startswith("3.1.")
    assert problems(OpenAPIV31SpecValidator(spec).iter_errors()) == []


def test_the_old_address_leads_to_it(app: Flask) -> None:
    answer = app.test_client().get("/api/v1/swagger.json")

    assert (answer.status_code, answer.location) == (308, "/api/v1/openapi.json")
    assert answer.headers["Deprecation"] == "true"


def declared() -> dict[str, Operation]:
    """Each operation of the code, by function name and module: the routes are not read here."""
    return {
        f"{resource.__module__}.{resource.__name__}.{method}": operation
        for namespace in namespaces()
        for resource, *_ in namespace.resources
        for method, _, operation in operations_of(resource)
    }


def test_every_declared_operation_is_in_it_once(spec: Document) -> None:
    ids = [operation["operationId"] for _, operation, _ in operations(spec)]

    assert len(ids) == len(set(ids)) == len(declared()) > 50


def body_of(spec: Document, operation: Document) -> Document:
    """The schema of the body an operation takes."""
    reference = operation["requestBody"]["content"][JSON]["schema"]["$ref"]
    found: Document = spec["components"]["schemas"][reference.rpartition("/")[2]]
    return found


def test_every_operation_says_what_it_does_takes_and_answers(spec: Document) -> None:
    lacking = []
    for name, operation, item in operations(spec):
        if not operation.get("summary"):
            lacking.append(f"{name}: no summary")
        lacking += [
            f"{name}: parameter {parameter['name']} is not described"
            for parameter in [*operation["parameters"], *item.get("parameters", ())]
            if not parameter.get("description") or "schema" not in parameter
        ]
        variables = set(re.findall(r"{([^}]+)}", name))
        if variables != {parameter["name"] for parameter in item.get("parameters", ())}:
            lacking.append(f"{name}: parameters of the path")
        if "requestBody" in operation and not body_of(spec, operation).get("examples"):
            lacking.append(f"{name}: no example of the body")
        good = {code: said for code, said in operation["responses"].items() if code < "300"}
        bad = [code for code in operation["responses"] if code >= "400"]
        for code, said in good.items():
            content = said.get("content", {})
            if code not in NO_BODY and not content:
                lacking.append(f"{name}: {code} has no content")
            if JSON in content and not ("example" in content[JSON] and "schema" in content[JSON]):
                lacking.append(f"{name}: no example or schema of {code}")
        if not good or not bad:
            lacking.append(f"{name}: good answers {list(good)}, errors {bad}")

    assert lacking == []


def examples(spec: Document) -> Iterator[tuple[str, Any, Document]]:
    """Each example of a body, an answer or a value in a path, with its schema."""
    for name, operation, item in operations(spec):
        contents = {code: said.get("content", {}) for code, said in operation["responses"].items()}
        for place, content in contents.items():
            if "example" in content.get(JSON, {}):
                yield f"{name} {place}", content[JSON]["example"], content[JSON]["schema"]
        if "requestBody" in operation:
            body = body_of(spec, operation)
            yield from ((f"{name} body", example, body) for example in body["examples"])
        for parameter in item.get("parameters", ()):
            yield f"{name} {parameter['name']}", parameter["example"], parameter["schema"]


def test_the_examples_are_what_the_schemas_say(spec: Document) -> None:
    wrong, seen = [], 0
    for name, example, schema in examples(spec):
        seen += 1
        whole = {**schema, "components": spec["components"]}
        wrong += [
            f"{name}: {problem}"
            for problem in problems(Draft202012Validator(whole).iter_errors(example))
        ]

    assert wrong == []
    assert seen > 300


def test_the_examples_of_bodies_are_taken_by_their_models(spec: Document) -> None:
    taken = 0
    for name, operation in declared().items():
        for example in (
            spec["components"]["schemas"]
            .get(operation.body.__name__ if operation.body else "", {})
            .get("examples", ())
        ):
            assert operation.body is not None
            assert operation.body.model_validate_json(json.dumps(example), strict=True), name
            taken += 1

    assert taken > 10


def test_a_schema_is_what_pydantic_makes_of_the_model(spec: Document) -> None:
    """Constraints, null and unions stay: nothing is translated."""
    found = spec["components"]["schemas"]
    for operation in declared().values():
        for model in (operation.body, operation.answer, operation.page_of):
            if model is not None:
                made = model.model_json_schema(ref_template="#/components/schemas/{model}")
                made.pop("$defs", None)
                assert found[model.__name__] == made


def test_two_models_of_one_name_are_refused() -> None:
    components = Components()
    components.reference(type("Twin", (BaseModel,), {"__annotations__": {"a": int}}))

    with pytest.raises(ValueError, match="two models of the API are called Twin"):
        components.reference(type("Twin", (BaseModel,), {"__annotations__": {"b": int}}))


def test_every_answer_of_an_error_has_the_one_shape(spec: Document) -> None:
    for name, operation, _ in operations(spec):
        for code, said in operation["responses"].items():
            if code >= "400":
                content = said["content"][JSON]
                assert content["schema"] == {"$ref": "#/components/schemas/Error"}, (name, code)


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
    assert '"validatorUrl": null' in page.text
    assert '"url": "/api/v1/openapi.json"' in page.text


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
