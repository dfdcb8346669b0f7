#!/usr/bin/env python3
"""Writes the middle of docs/object-types.md from the declarations of types.

python docs/object_types.py            write
python docs/object_types.py --check    exit 1 when the file is not what would be written
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from calipso.model.types import COMMON, LINK_TYPES, OBJECT_TYPES, Field, ObjectType

PAGE = Path(__file__).resolve().parent / "object-types.md"

BEGIN = "<!-- From here to the next mark: written by `make docs`. -->\n"
END = "<!-- From here on: written by hand. -->\n"

LINKS = """## Link types

A link has `link_type` (`<source type>-<target type>`), `source`, `target` (`_id`s), `source_id`,
`target_id`, `link_name`, `state` (`up`, `down` or `unknown`), `host`, `source_label`,
`target_label`, `implicit`, `finder`, and `attributes`; `attributes.network` names the networks
whose traffic it carries. It is stored in one direction only, as a rule towards the wire; cliques
walk both. `Cables` says how many cables lie between the ends.

| Link type | Joined by | State of | Cables |
|---|---|---|---|
"""


def every_object() -> str:
    """Fields that all objects have."""
    return f"## Every object\n\n{table(COMMON)}"


def tree() -> str:
    """What hangs below what."""
    lines = ["environment (no object itself)", *branches("environment", "", set())]
    text = "\n".join(f"    {line}" for line in lines)
    return f"## The tree\n\n{text}\n"


def branches(above: str, margin: str, drawn: set[str]) -> Iterator[str]:
    """Lines below a type; what was drawn before is not drawn again."""
    below = [kind for kind in OBJECT_TYPES.values() if above in kind.parents and not kind.planned]
    for position, kind in enumerate(below, 1):
        last = position == len(below)
        again = kind.name in drawn
        drawn.add(kind.name)
        known = any(kind.name in other.parents for other in OBJECT_TYPES.values())
        yield f"{margin}{'└──' if last else '├──'} {kind.name}{' ...' if again and known else ''}"
        if not again:
            yield from branches(kind.name, margin + ("    " if last else "│   "), drawn)


def types() -> str:
    """A section for each type that is no folder, and one for all folders."""
    parts = ["## Types\n"]
    parts += [section(kind) for kind in OBJECT_TYPES.values() if not kind.is_folder]
    return "\n".join([*parts, folders()])


def section(kind: ObjectType) -> str:
    """All there is to say of a type."""
    lines = [f"### {kind.name}\n", kind.meaning]
    if kind.planned:
        lines.append(f"No fetcher of this release makes one: {lower(kind.planned)}")
    if kind.identity != "None":
        lines.append(f"Id: {kind.identity}.")
    if kind.parents:
        lines.append(f"Parent: {alternatives(kind.parents)}.")
    if kind.focal_point and not kind.planned:
        lines.append("It is a focal point of cliques.")
    if kind.kind and not kind.planned:
        lines.append(f"`{kind.kind}` says of what kind it is.")
    if kind.rank is not None:
        lines.append(f"In drawings: symbol `{kind.icon}`, column {kind.rank} from the left.")
    if kind.notes:
        lines.append(kind.notes)
    text = "\n".join(lines) + "\n"
    if kind.fields:
        text += f"\n{table(kind.fields)}"
    if kind.open:
        more = "; ".join(f"{lower(each.meaning.rstrip('.'))} ({each.source})" for each in kind.open)
        text += f"\nBesides, under the names of their source: {more}.\n"
    return text


def table(fields: Iterable[Field]) -> str:
    """Fields, one a line."""
    rows = [f"| `{f.name}` | {meaning(f)} | {f.source} | {words(f)} |" for f in fields]
    return "\n".join(["| Field | Meaning | Source | |", "|---|---|---|---|", *rows]) + "\n"


def meaning(field: Field) -> str:
    """The sentence of a field, its unit, and which objects have it."""
    text = field.meaning
    if field.unit:
        text += f" Unit: {field.unit}."
    if field.only:
        text += f" Only: {field.only}."
    return text


def words(field: Field) -> str:
    """What is made of a field."""
    found = ["list"] if field.column else []
    found += ["search"] if field.search else []
    if field.volatile is True:
        found.append("no change")
    elif field.volatile:
        found.append("no change: " + ", ".join(f"`{path}`" for path in field.volatile))
    return ", ".join(found)


def folders() -> str:
    """All folders in one table."""
    rows = [
        f"| `{kind.name}` | `{kind.holds}` | {alternatives(kind.parents)} |"
        for kind in OBJECT_TYPES.values()
        if kind.is_folder
    ]
    head = ["### Folders\n", "| Type | Holds | Parent |", "|---|---|---|"]
    planned = [f"`{k.name}`" for k in OBJECT_TYPES.values() if k.is_folder and k.planned]
    return "\n".join([*head, *rows, f"\nNot made by this release: {', '.join(planned)}.\n"])


def links() -> str:
    """The table of link types."""
    rows = []
    for link in LINK_TYPES.values():
        notes = " Derived." if link.implicit else ""
        notes += f" Not made yet: {lower(link.planned)}" if link.planned else ""
        length = "unknown" if link.length is None else str(link.length)
        rows.append(f"| `{link.name}` | {link.joined_by}{notes} | {link.state} | {length} |")
    tail = (
        "\nEvery other pair that a clique type with `use_implicit_links` names is derived like "
        "`instance-network`.\n"
    )
    return LINKS + "\n".join(rows) + "\n" + tail


def alternatives(names: Iterable[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)


def lower(text: str) -> str:
    """A sentence in the middle of another one; names keep their capital."""
    return text[:1].lower() + text[1:] if text.split(" ")[0] in ("What", "Other", "A") else text


def page() -> str:
    """The page: what people wrote, and between the marks what the declarations say."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    written = "\n".join([every_object(), tree(), types(), links()])
    return f"{head}{BEGIN}\n{written}\n{END}{tail}"


def main() -> int:
    """Write or check."""
    wanted = page()
    if "--check" in sys.argv[1:]:
        same = PAGE.read_text(encoding="utf-8") == wanted
        if not same:
            print(f"{PAGE.name}: not up to date: run make docs", file=sys.stderr)
        return 0 if same else 1
    PAGE.write_text(wanted, encoding="utf-8")
    print(f"{PAGE.name}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
