"""`calipso dependents`: which instances, vservices and networks need an object."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from calipso.analysis.depending import depending
from calipso.cli.output import ColumnOption, Format, FormatOption, clean, say, show_list
from calipso.cli.selecting import (
    AtOption,
    EnvOption,
    HostOption,
    InventoryOption,
    ObjectTypeOption,
    ObjectWord,
    one_object,
    opened,
)

COLUMNS = ["project", "type", "name", "host", "status", "networks"]


def dependents(
    word: Annotated[str, ObjectWord],
    environment: EnvOption = None,
    object_type: ObjectTypeOption = None,
    host: HostOption = None,
    at: AtOption = None,
    inventory: InventoryOption = None,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
) -> None:
    """List the instances, vservices and networks that need an object, such as a NIC or a host.

    They are grouped by project. What is listed would lose something if the object failed.

    Example: calipso dependents ens1f0 --host compute-1
    """
    inv = opened(inventory, at)
    start = one_object(inv, word, environment, object_type, host)
    found = depending(inv, start)
    rows = [item for items in found.by_project().values() for item in items]
    show_list(rows, COLUMNS, output_format, chosen=column, optional=["id", "addresses", "state"])
    what = f"{start['type']} {clean(str(start.get('name', start['id'])))}"
    if not found.known:
        say(
            f"{what}: not known: {clean(start['environment'])} has no cliques; "
            "a whole scan makes them: calipso scan run ENV"
        )
    elif not rows:
        say(f"nothing depends on {what}, as far as the last scan found")
    else:
        counts = Counter(item["type"] for item in rows)
        text = ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))
        say(f"on {what} depend: {text}")
