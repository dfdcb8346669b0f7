"""Queries and bodies that nobody means: none may end the API with a 5xx.

python -m tests.api.fuzz --requests 5000 [--seed N] [--only /drift]

A seed gives the same requests again. Each request takes an operation of the specification, with
parameters of it or of others and values of the list below, ids that exist among them. What changes
documents is asked with bodies; nothing is deleted. The data is that of `tests.api.contract`.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_from_bytes

from tests.api.contract import ENVIRONMENT, PREFIX, Contract, stores
from tests.sample_cloud.running import running_cloud

WORDS: tuple[str, ...] = (
    *("", " ", "\0", "a\0b", "\r\nX-A: b", "\t", "\x7f", "a" * 5000, "%", "%zz", "../../etc", ".."),
    *("$where", "$ne", "{}", "[]", '{"$gt": ""}', "a.b.c", ".", "$", "name.$", "__proto__", "_id"),
    *("-1", "0", "1", "1.5", "1e400", "NaN", "inf", "99999999999999999999", "9" * 5000, "0x10"),
    *("true", "null", "None", ",", "a,b,,c", "-", "-name", "name", "environment", "type", "+1"),
    *("2026-02-30", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "now", "-5m", "10000-01"),
    *("<script>alert(1)</script>", "';--", "(((((a+)+)+)+)+)$", "\\", "*", "?", "^", "\u202e"),
    *("\u0663", "\u00bd", "\ufb00", "\u0130", "e\u0301", "\U0001f600", "tcp", "icmp", "65536"),
    *("internet", "dhcp:", "metadata:x", ":", "10.0.0.1", "10.0.0.0/33", "::", "fe80::1%eth0"),
    *("00:00:00:00:00:00", "instance", ENVIRONMENT, "host", "network", "port", "critical", "open"),
    *("csv", "json", "svg", "junit"),
)
#: Bytes that are no UTF-8, as they stand in an address.
RAW = (b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80")
#: Parameters that are tried on every operation, also on those that do not know them.
COMMON = ("env_name", "sort", "fields", "marker", "limit", "at", "type", "id", "since", "q", "a$b")


@dataclass
class Seen:
    """What came out."""

    statuses: Counter[int] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")


class Fuzz:
    """Requests from one seed, to the application of a contract."""

    def __init__(self, contract: Contract, seed: int, only: str = "") -> None:
        self.contract = contract
        self.rng = random.Random(seed)
        client = contract.app.test_client()
        found = client.get(f"{PREFIX}/openapi.json", headers=contract.headers()).json
        self.operations = [
            (method.upper(), path, operation)
            for path, methods in sorted(found["paths"].items())
            for method, operation in sorted(methods.items())
            if method in ("get", "post", "put", "patch") and only in path
        ]
        self.schemas = found.get("components", {}).get("schemas", {})
        self.ids = sorted({item for items in contract.pool.values() for item in items})

    def run(self, number: int) -> Seen:
        """So many requests."""
        seen, client = Seen(), self.contract.app.test_client()
        headers = self.contract.headers()
        reads = [item for item in self.operations if item[0] == "GET"] or self.operations
        for count in range(number):
            if count % 200 == 0:  # a request may have ended the token or the user
                self.contract.restore()
                self.contract.prepare()
                headers = self.contract.headers()
            chosen = reads if self.rng.random() < 0.75 else self.operations
            method, path, operation = self.rng.choice(chosen)
            target, body = self.target(path, operation), None
            if method != "GET":
                body = self.body(operation)
            began = time.monotonic()
            answer = client.open(
                target,
                method=method,
                data=body,
                headers=headers,
                content_type="application/json" if body is not None else None,
            )
            status = answer.status_code
            answer.close()
            seen.slowest = max(seen.slowest, (time.monotonic() - began, f"{method} {path}"))
            seen.statuses[status] += 1
            seen.operations[f"{method} {path}"] += 1
            if status >= 500:
                seen.failures.append(f"{status} {method} {target[:300]} {(body or b'')[:300]!r}")
        return seen

    # -- parts of a request ------------------------------------------------------------

    def target(self, path: str, operation: dict[str, Any]) -> str:
        """An address with a query."""
        known = [item for item in operation.get("parameters", ()) if "name" in item]
        for item in known:
            if item["in"] == "path":
                good = self.rng.random() < 0.7
                value = quote(self.rng.choice(self.ids), safe="") if good else self.value()
                path = path.replace("{" + item["name"] + "}", value or "x")
        names = [item["name"] for item in known if item["in"] == "query"]
        needed = [item["name"] for item in known if item["in"] == "query" and item.get("required")]
        asked = [name for name in needed if self.rng.random() < 0.9]
        others = COMMON if self.rng.random() < 0.1 or not names else names
        asked += [self.rng.choice(others) for _ in range(self.rng.randrange(4))]
        pairs = [f"{quote(name)}={self.about(name)}" for name in asked]
        prefix = "" if path.startswith(PREFIX) else PREFIX
        return f"{prefix}{path}" + ("?" + "&".join(pairs) if pairs else "")

    def about(self, name: str) -> str:
        """A value for a parameter: what it is about, more often than not."""
        if name in ("env_name", "environment") and self.rng.random() < 0.7:
            return ENVIRONMENT
        if name == "marker" and self.rng.random() < 0.7:
            return self.marker()
        if name == "limit" and self.rng.random() < 0.5:
            return str(self.rng.choice([1, 2, 1000, 0, -1]))
        return self.value()

    def value(self) -> str:
        """Any value, quoted."""
        kind = self.rng.random()
        if kind < 0.06:
            return quote_from_bytes(self.rng.choice(RAW))
        if kind < 0.3:
            return quote(self.rng.choice(self.ids), safe="")
        if kind < 0.4:
            text = "".join(chr(self.rng.randrange(1, 0x3000)) for _ in range(self.rng.randrange(9)))
            return quote(text, safe="")
        return quote(self.rng.choice(WORDS), safe="")

    def marker(self) -> str:
        """What looks like a marker."""
        rows = [[self.rng.choice(WORDS[:40]), 1, self.any_json(2)] for _ in range(2)]
        text = json.dumps(self.rng.choice([rows, rows[:1], self.any_json(3)]))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def any_json(self, depth: int) -> Any:
        """Any value of JSON."""
        kind = self.rng.randrange(8 if depth else 6)
        words = [item for item in WORDS if len(item) < 100]
        plain: tuple[Any, ...] = (None, True, self.rng.choice([0, -1, 2**31, 2**63, 10**400]))
        if kind < 3:
            return plain[kind]
        if kind < 6:
            return self.rng.choice([*words, "\ud800", *self.ids[:40], 1.5, 1e300])
        inner = [self.any_json(depth - 1) for _ in range(self.rng.randrange(3))]
        return inner if kind == 6 else {self.rng.choice(words): value for value in inner}

    def body(self, operation: dict[str, Any]) -> bytes:
        """A body: an example with one field changed, or any JSON, or none at all."""
        kind = self.rng.random()
        if kind < 0.05:
            depth = self.rng.choice([50, 300, 900, 960, 980, 990, 5_000])
            return b'{"a": ' * depth + b"1" + b"}" * depth
        if kind < 0.1:
            return self.rng.choice([b"", b"{", b"\xff", b"null", b'{"a": NaN}', b'{"a": 1e999}'])
        example = self.example(operation)
        if kind < 0.6 and example:
            changed = dict(example)
            changed[self.rng.choice(list(changed))] = self.any_json(3)
            return json.dumps(changed).encode()
        return json.dumps(self.any_json(4)).encode()

    def example(self, operation: dict[str, Any]) -> dict[str, Any]:
        """An example of the body that the specification gives."""
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        schema = content.get("schema", {})
        schema = self.schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
        examples = schema.get("examples") or [content.get("example")]
        return examples[0] if isinstance(examples[0], dict) else {}


def main() -> int:
    """Print what came out; 1 when the API failed once."""
    parser = argparse.ArgumentParser(prog="python -m tests.api.fuzz")
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="operations with this in their path")
    options = parser.parse_args()
    cloud = running_cloud(hosts=2, instances=4, networks=2)
    with tempfile.TemporaryDirectory() as folder, stores(Path(folder)), cloud as served:
        began = time.monotonic()
        seen = Fuzz(Contract(served), options.seed, options.only).run(options.requests)
    print(f"seed {options.seed}: {options.requests} requests in {time.monotonic() - began:.0f} s")
    print(
        f"over {len(seen.operations)} operations; slowest {seen.slowest[1]} {seen.slowest[0]:.1f} s"
    )
    print("answers: " + ", ".join(f"{n} x {status}" for status, n in sorted(seen.statuses.items())))
    print("\n".join(seen.failures) or "no 5xx")
    return 1 if seen.failures else 0


if __name__ == "__main__":
    sys.exit(main())
