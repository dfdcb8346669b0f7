"""Servers of OVSDB that do not keep to RFC 7047."""

from __future__ import annotations

import itertools
import json
import socket
from collections.abc import Callable
from typing import Any

from tests.hostile.fakes import Say, Sent, endless, gone, never, trickle


def ovsdb(make: Callable[[dict[str, Any]], Sent]) -> Say:
    """Says this to each question."""

    def say(client: socket.socket) -> Sent:
        while True:
            found = client.recv(65536)
            if not found:
                return
            yield from make(json.loads(found))

    return say


def answered(result: Any) -> Say:
    """The same result for each question."""
    return ovsdb(
        lambda asked: [json.dumps({"id": asked["id"], "result": result, "error": None}).encode()]
    )


def of_questions(schema: Any, rows: Any) -> Say:
    """A schema, and the result of each transaction."""

    def make(asked: dict[str, Any]) -> Sent:
        found = schema if asked["method"] == "get_schema" else rows
        return [json.dumps({"id": asked["id"], "result": found, "error": None}).encode()]

    return ovsdb(make)


SCHEMA = {"version": "7.0.0", "tables": {"Logical_Switch": {"columns": {"name": {}}}}}


def ovsdb_modes() -> dict[str, Say]:
    """Every point at which a server may not go on, not end, or make no sense."""
    echo = b'{"method": "echo", "params": [], "id": "e"}'
    return {
        "says nothing": lambda _client: never(),
        "an answer a byte at a time": ovsdb(lambda _: trickle(b'{"id": 1' + b" " * 1000)),
        "an answer without end": ovsdb(
            lambda _: itertools.chain([b'{"a": "'], endless(b"a" * 65536))
        ),
        "maps without end": ovsdb(
            lambda _: itertools.chain([b'{"id": 1, "result": ['], endless(b"{}," * 20_000))
        ),
        "questions without end": ovsdb(lambda _: endless(echo * 500)),
        "news without end": ovsdb(lambda _: endless(b'{"method": "update", "id": null}' * 500)),
        "another protocol": ovsdb(lambda _: [b"HTTP/1.1 400 Bad Request\r\n\r\n"]),
        "lists 100,000 deep": ovsdb(
            lambda _: [b'{"id": 1, "result": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"]
        ),
        "no UTF-8": ovsdb(lambda _: itertools.chain([b'{"id": "\xff\xfe"}'], never())),
        "half an answer": ovsdb(lambda _: gone(b'{"id": 1, "res')),
        "a result null": answered(None),
        "a result of numbers": answered([1, 2]),
        "tables a list": answered({"tables": [1]}),
        "tables of texts": answered({"tables": {"Logical_Switch": "a"}}),
        "columns of numbers": answered({"tables": {"Logical_Switch": {"columns": [1]}}}),
        "rows null": of_questions(SCHEMA, [None]),
        "rows of numbers": of_questions(SCHEMA, [{"rows": [1]}]),
        "a result that is a list": of_questions(SCHEMA, [[1]]),
        "cells of another notation": of_questions(SCHEMA, [{"rows": [{"name": ["set", 5]}]}]),
    }
