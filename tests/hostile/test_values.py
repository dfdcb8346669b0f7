"""Values that no store takes: only they are changed, and that is reported."""

from __future__ import annotations

import math
from typing import Any

import bson
import pytest

from calipso.model.storable import DEPTH, SIZE, TOO_DEEP, TOO_LARGE, storable
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.encoding import encode


def nested(levels: int, kind: type = dict) -> Any:
    value: Any = "end"
    for _ in range(levels):
        value = {"a": value} if kind is dict else [value]
    return value


HOSTILE: dict[str, Any] = {
    "huge number": 10**30,
    "number of many digits": 10**6000,
    "not a number": math.nan,
    "half a surrogate": "a\ud800b",
    "half a surrogate in a name": {"a\udfff": 1},
    "NUL in a name": {"a\0b": 1},
    "maps 900 deep": nested(900),
    "lists 900 deep": nested(900, list),
    "element 3000 deep": nested(3000),
    "a type of its own": {1, 2},
    "very large": "x" * (SIZE + 1),
    "very many numbers": list(range(2_000_000)),
    "very many empty texts": [""] * 2_000_000,
    "very many empty lists": [[]] * 2_000_000,
    "very many bytes": b"x" * 20_000_000,
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_what_cannot_be_stored_is_made_storable_and_reported(value: Any, inv: InventoryMgr) -> None:
    found, faults = storable({"id": "a", "good": 1, "bad": value})

    assert found["good"] == 1
    assert list(faults)
    assert all(path.partition(".")[0] == "bad" for path in faults)
    inv.collection("inventory").insert_one(encode(found))
    again, faults = storable(found)
    assert (again, faults) == (found, {})


@pytest.mark.parametrize(
    "value",
    [0, -(2**63), 2**63 - 1, 1.5, True, None, "ü\0", "😀", b"\0", [(1, 2)], {"": {}}, nested(30)],
)
def test_what_can_be_stored_stays_as_it_is(value: Any) -> None:
    found, faults = storable({"id": "a", "good": value})

    assert (found, faults) == ({"id": "a", "good": value}, {})
    bson.encode(found)


def test_only_what_is_too_deep_is_left_out() -> None:
    found, faults = storable({"id": "a", "deep": nested(900), "flat": {"b": 1}})

    value, levels = found["deep"], 0
    while isinstance(value, dict):
        value, levels = value["a"], levels + 1
    assert value == TOO_DEEP
    assert levels == DEPTH - 1
    assert found["flat"] == {"b": 1}
    ((path, reason),) = faults.items()
    assert path.startswith("deep.a.a")
    assert len(path) <= 120
    assert "60 levels" in reason


def test_of_an_object_that_is_too_large_the_largest_field_goes() -> None:
    found, _ = storable({"id": "a", "large": ["x" * SIZE], "small": "y"})

    assert (found["large"], found["small"]) == (TOO_LARGE, "y")
