#!/usr/bin/env python3
"""Writes docs/glossary.md: words of Calipso, those of object types from their declarations.

python docs/glossary.py            write
python docs/glossary.py --check    exit 1 when the file is not what would be written
"""

from __future__ import annotations

import sys
from pathlib import Path

from calipso.model.answer import Verdict
from calipso.model.types import OBJECT_TYPES
from calipso.topology.health import Health

PAGE = Path(__file__).resolve().parent / "glossary.md"

HEAD = """# Glossary

Words of Calipso, in alphabetical order. Words in `this form` are object types:
[the reference](object-types.md) has all their fields.

| Word | Meaning |
|---|---|
"""
TAIL = "\nThis page is written by `python docs/glossary.py` from the declarations of the code.\n"

WORDS = {
    "age": "How long ago a fact was read. Every page and command shows it.",
    "clique": "The graph of everything that one object, its focal point, depends on.",
    "clique type": "Which links are walked from a focal point of one type, and in which order.",
    "constraint": "A field in which a link must agree with the focal point to be in its clique.",
    "coverage": "What a scan read and what it could not read, for each host and source.",
    "environment": "One OpenStack cloud, with the accounts to read it.",
    "fetcher": "A plug-in that reads objects of one type from one source.",
    "focal point": "The object a clique is about.",
    "generation": "The number of a scan in its environment. Objects keep that of the last scan "
    "that read them.",
    "grant": "`view` or `edit` for one user in one environment; `*` is every environment.",
    "health": f"How an object is, as one of {', '.join(f'`{one}`' for one in Health)}: made of its "
    "state, its problems and its age, and never better than what is known.",
    "implicit link": "A link that is made of others, for example from an instance to its network.",
    "inventory": "All objects that scans found, with their links and cliques.",
    "link": "Two objects that touch, for example a vNIC and its bridge. It has a state.",
    "link finder": "A plug-in that finds links of one type.",
    "mechanism driver": "The part of Neutron that wires ports: Open vSwitch, Linux bridge, ...",
    "problem": "A fault that a scan found, written on the object it belongs to, with a remedy.",
    "queue": "Work of one kind; workers take tasks from the queues that they listen to.",
    "role": "What a user may do: a viewer reads, an operator also scans and changes what it may "
    "edit, an admin may do everything.",
    "scan": "Reads a whole cloud, or one object and what is below it.",
    "schedule": "A rule by which scans start by themselves.",
    "source": "Where facts come from: the API, the databases, the hosts.",
    "stale": "Could not be read again; kept as it was, with the time since when.",
    "state": "Up, down, ... in the words of its source. What was not read is unknown.",
    "verdict": f"What an answer comes to: {', '.join(f'`{one}`' for one in Verdict)}.",
    "worker": "A process that makes tasks of scans.",
}


def page() -> str:
    """The whole page."""
    words = dict(WORDS)
    for kind in OBJECT_TYPES.values():
        if not kind.is_folder and not kind.planned:
            link = f"object-types.md#{kind.name.lower()}"
            words[kind.name] = f"{kind.meaning} [Fields]({link})"
    rows = [
        f"| {name if name in WORDS else f'`{name}`'} | {words[name]} |"
        for name in sorted(words, key=str.lower)
    ]
    return HEAD + "\n".join(rows) + "\n" + TAIL


def main() -> int:
    """Write the page, or compare it."""
    if "--check" in sys.argv[1:]:
        return int(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
