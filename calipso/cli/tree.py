"""Objects below objects: the branches of a tree, drawn with lines or as nested documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from calipso.model.documents import Document


@dataclass
class Branch:
    """An object, its branches below, and the number of branches that are left out."""

    item: Document
    children: list[Branch] = field(default_factory=list)
    hidden: int = 0


def branches(items: Sequence[Document], roots: Iterable[Document], depth: int) -> list[Branch]:
    """Return the branches below `roots`, joined by parent type and id. Depth 0 means no limit."""
    below: defaultdict[tuple[str, str], list[Document]] = defaultdict(list)
    for item in items:
        if item.get("show_in_tree", True) and "parent_id" in item:
            below[(item.get("parent_type", ""), item["parent_id"])].append(item)
    for children in below.values():
        children.sort(key=lambda item: (str(item.get("name", "")), str(item["id"])))
    found = [Branch(root) for root in roots]
    level = found
    number = 0
    while level:  # level by level, for a tree of any depth; a cycle ends when its items are used up
        number += 1
        following = []
        for branch in level:
            children = below.pop((branch.item["type"], branch.item["id"]), [])
            if depth and number > depth:
                branch.hidden = len(children)
                continue
            branch.children = [Branch(child) for child in children]
            following += branch.children
        level = following
    return found


def draw(roots: Iterable[Branch], label: Callable[[Document], str]) -> Iterator[str]:
    """Lines of a tree as `tree` draws them."""
    for root in roots:
        yield label(root.item) + _more(root)
        yield from _below(root, label, "")


def _below(branch: Branch, label: Callable[[Document], str], indent: str) -> Iterator[str]:
    for child in branch.children:
        last = child is branch.children[-1]
        yield f"{indent}{'└── ' if last else '├── '}{label(child.item)}{_more(child)}"
        yield from _below(child, label, indent + ("    " if last else "│   "))


def _more(branch: Branch) -> str:
    return f"  … {branch.hidden} below" if branch.hidden else ""


def as_documents(roots: Iterable[Branch]) -> list[Document]:
    """The tree as nested documents with `children`."""
    return [
        {name: root.item[name] for name in ("id", "type", "name") if name in root.item}
        | {"children": as_documents(root.children)}
        for root in roots
    ]
