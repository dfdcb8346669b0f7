"""A graph of nodes and edges as GraphML and as DOT. Pure.

Names come from clouds and are hostile: they must not end a quote or a tag. Control characters are
written visibly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from calipso.model.documents import Record

Graph = Mapping[str, Sequence[Record]]

#: Format of a graph -> its media type.
MEDIA = {
    "json": "application/json",
    "graphml": "application/graphml+xml",
    "dot": "text/vnd.graphviz",
    "mermaid": "text/vnd.mermaid",
    "svg": "image/svg+xml",
}

#: Colour of a state in a drawing.
COLOURS = {
    "up": "darkgreen",
    "active": "darkgreen",
    "down": "red3",
    "error": "red3",
    "shutoff": "red3",
    "unknown": "gray50",
}
#: Colour of a status of monitoring that is not OK; it is newer than a scan.
WATCHED: dict[Any, str] = {1: "orange3", 2: "red3", 3: "gray50"}
#: Colour of what the last scan could not read.
STALE = "gray40"

_NAMESPACE = "http://graphml.graphdrawing.org/xmlns"

#: Characters that XML 1.0 cannot hold, and tabs and line ends, which would break a line of DOT.
_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def graphml(graph: Graph) -> str:
    """Return a graph as GraphML; node ids are keys of objects, edge ids are keys of links."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<graphml xmlns="{_NAMESPACE}">']
    keys: dict[tuple[str, str], str] = {}
    for kind, items in (("node", graph["nodes"]), ("edge", graph["edges"])):
        for name in _names(items):
            keys[kind, name] = f"{kind[0]}{len(keys)}"
            known_as = f'id="{keys[kind, name]}" for="{kind}" attr.name={quoteattr(name)}'
            lines.append(f'  <key {known_as} attr.type="{_kind(items, name)}"/>')
    lines.append('  <graph id="G" edgedefault="directed">')
    for node in graph["nodes"]:
        lines.append(f"    <node id={quoteattr(text(node['data']['key']))}>")
        lines += _data(node, "node", keys)
        lines.append("    </node>")
    for edge in graph["edges"]:
        data = edge["data"]
        ends = " ".join(f"{end}={quoteattr(text(data[end]))}" for end in ("source", "target"))
        lines.append(f"    <edge id={quoteattr(text(data['key']))} {ends}>")
        lines += _data(edge, "edge", keys)
        lines.append("    </edge>")
    return "\n".join([*lines, "  </graph>", "</graphml>", ""])


def dot(graph: Graph) -> str:
    """Return a graph as DOT for Graphviz, with every attribute of nodes and edges."""
    lines = ["digraph calipso {", "  node [shape=box];"]
    for node in graph["nodes"]:
        data = node["data"]
        lines.append(
            f"  {_quoted(data['key'])} [{_pairs(node, *_node_label(data))}{_colour(data)}];"
        )
    for edge in graph["edges"]:
        data = edge["data"]
        ends = f"{_quoted(data['source'])} -> {_quoted(data['target'])}"
        label = str(data.get("link_type", ""))
        lines.append(f"  {ends} [{_pairs(edge, label)}{_colour(data)}];")
    return "\n".join([*lines, "}", ""])


def mermaid(graph: Graph) -> str:
    """Return a graph as a flowchart of Mermaid, which documents and tickets can show.

    Its names are numbers; what clouds name is text in quotes, in which markup is escaped.
    """
    numbers = {node["data"]["key"]: f"n{at}" for at, node in enumerate(graph["nodes"])}
    lines = ["flowchart LR"]
    for node in graph["nodes"]:
        data = node["data"]
        label = "<br/>".join(_entities(part) for part in _node_label(data))
        lines.append(f'  {numbers[data["key"]]}["{label}"]')
    for edge in graph["edges"]:
        data = edge["data"]
        ends = [numbers.get(data[side]) for side in ("source", "target")]
        if None in ends:
            continue
        label = _entities(text(data.get("link_type", "")))
        down = str(data.get("state", "")).lower() == "down"
        arrow = f'-. "{label}: down" .->' if down else f'-- "{label}" -->'
        lines.append(f"  {ends[0]} {arrow} {ends[1]}")
    return "\n".join([*lines, ""])


def _entities(value: str) -> str:
    """Text for a label: every character that Markdown or HTML may read is a number."""
    return "".join(
        one if one.isalnum() or one in " -_.:/" else f"#{ord(one)};" for one in text(value)
    )


def text(value: Any) -> str:
    """Return a value as one line of printable text: a time as `2026-01-31T08:15:00Z`, a list or an
    object as JSON. Characters that cannot be printed become escapes such as `\\x1b`.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        value = _moment(value)
    elif isinstance(value, list | tuple | Mapping):
        value = json.dumps(value, default=_plain, ensure_ascii=False)
    return _UNWRITABLE.sub(lambda found: f"\\x{ord(found.group()):02x}", str(value))


def _plain(value: Any) -> str:
    return _moment(value) if isinstance(value, datetime) else str(value)


def _moment(value: datetime) -> str:
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _names(items: Iterable[Record]) -> list[str]:
    return sorted({name for item in items for name, _ in _values(item)})


def _values(item: Record) -> Iterator[tuple[str, Any]]:
    """Return the attributes that have a value.

    The element itself has the keys and the ends of an edge.
    """
    for name, value in sorted(item["data"].items()):
        if name == "monitoring":
            yield "monitoring", f"{value.get('label', '')}: {value.get('text', '')}"
        elif value is not None and name not in ("key", "source", "target"):
            yield str(name), value


def _kind(items: Iterable[Record], name: str) -> str:
    found = {type(value) for item in items for own, value in _values(item) if own == name}
    return "boolean" if found == {bool} else "string"


def _data(item: Record, kind: str, keys: Mapping[tuple[str, str], str]) -> Iterator[str]:
    for name, value in _values(item):
        yield f'      <data key="{keys[kind, name]}">{escape(text(value))}</data>'


def _node_label(data: Record) -> list[str]:
    """Type, name, and the host where it is on one."""
    found = [str(data.get("type", "")), str(data.get("name", data.get("id", "")))]
    host = str(data.get("host") or "")
    return [*found, host] if host and host not in found[1:] else found


def _colour(data: Record) -> str:
    """Attributes that show the state: what is down is red, what is not known dashed."""
    state = str(data.get("state") or data.get("status") or "")
    found = COLOURS.get(state.lower())
    if data.get("stale_since"):
        found = STALE
    elif data.get("problems"):
        found = COLOURS["down"]
    watched = (data.get("monitoring") or {}).get("value")
    if watched:
        found = WATCHED.get(watched, found)
    pairs = {"color": found, "fontcolor": found} if found else {}
    if found == STALE:
        pairs["style"] = "dashed"
    return "".join(f", {_quoted(name)}={_quoted(value)}" for name, value in pairs.items())


def _pairs(item: Record, *label: str) -> str:
    pairs = [f"label={_label(label)}"]
    pairs += [f"{_quoted(name)}={_quoted(value)}" for name, value in _values(item)]
    return ", ".join(pairs)


def _label(label: Iterable[str]) -> str:
    """Graphviz draws a line break for `\\n`; what else begins with a backslash is text."""
    return '"' + "\\n".join(_quoted(line)[1:-1] for line in label) + '"'


def _quoted(value: Any) -> str:
    return '"' + text(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
