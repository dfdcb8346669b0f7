"""A graph as a picture: SVG that stands alone, for documents, tickets and browsers. Pure.

Names in it come from clouds and are hostile: they are text of elements, never markup, and
characters that cannot be seen or turn the direction of writing are written visibly. A state is a
colour, a shape and a word. Colours follow the light or dark theme of the reader.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from calipso.model.documents import Record
from calipso.topology.formats import text
from calipso.topology.health import Health, health, silenced, state_word, watched_word
from calipso.topology.layout import MARGIN, Point, layout

#: Characters that turn the direction of writing, or take no place.
_UNSEEN = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")

#: Columns of text that fit into a node: beside its shape, at the size of names.
NAME_WIDTH, KIND_WIDTH, HOST_WIDTH = 17, 21, 60
#: Most characters in a tooltip.
LONGEST = 400

_STYLE = """
:root { color-scheme: light dark }
svg { --ground: #ffffff; --box: #f3f5f7; --line: #c3ccd5; --node: #ffffff; --ink: #1a232c;
  --soft: #4d5a67; --good: #1a7f37; --degraded: #8a5a00; --bad: #b42318; --unknown: #5b6672 }
@media (prefers-color-scheme: dark) {
  svg { --ground: #12171d; --box: #1a2129; --line: #3a4652; --node: #222b35; --ink: #e8edf2;
    --soft: #a9b5c1; --good: #4ac26b; --degraded: #e3b341; --bad: #ff8a80; --unknown: #9aa7b4 }
}
text { font: 13px system-ui, "DejaVu Sans", Helvetica, Arial, sans-serif; fill: var(--ink) }
.ground { fill: var(--ground) }
.box rect { fill: var(--box); stroke: var(--line) }
.box text { font-weight: 600; fill: var(--soft) }
.node rect { fill: var(--node); stroke: var(--line); stroke-width: 1.5 }
.node .kind, .legend text { font-size: 12px; fill: var(--soft) }
.node .name { font-weight: 600 }
.focal rect { stroke: var(--ink); stroke-width: 3 }
.silenced rect { stroke-dasharray: 2 3 }
.edge { fill: none; stroke: var(--soft); stroke-width: 1.5 }
.edge.bad { stroke: var(--bad); stroke-width: 2.5; stroke-dasharray: 7 4 }
.edge.degraded { stroke: var(--degraded); stroke-width: 2.5 }
.edge.unknown { stroke: var(--unknown); stroke-dasharray: 2 4 }
.bad > rect { stroke: var(--bad) }
.degraded > rect { stroke: var(--degraded) }
.mark { stroke-width: 2; fill: none }
.good .mark { fill: var(--good); stroke: var(--good) }
.degraded .mark { fill: var(--degraded); stroke: var(--degraded) }
.bad .mark { stroke: var(--bad); stroke-width: 3 }
.unknown .mark { stroke: var(--unknown) }
"""

#: The shape of each state in a square of 12 units: disc, triangle, cross, ring.
SHAPES = {
    Health.GOOD: "M6 1a5 5 0 1 1 0 10a5 5 0 1 1 0-10Z",
    Health.DEGRADED: "M6 1L11 11H1Z",
    Health.BAD: "M2 2L10 10M10 2L2 10",
    Health.UNKNOWN: "M6 1.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9Z",
}

_LEGEND_HEIGHT, _LEGEND_STEP = 34, 112


def svg(
    graph: Mapping[str, Sequence[Record]],
    title: str = "",
    known: Mapping[str, Point] | None = None,
) -> str:
    """The picture of a graph `{nodes, edges}`; `title` says what it shows."""
    placed = layout(graph, known)
    nodes = {str(node["data"]["key"]): node["data"] for node in graph["nodes"]}
    edges = {str(edge["data"]["key"]): edge["data"] for edge in graph["edges"]}
    width = max(placed["width"], MARGIN * 2 + _LEGEND_STEP * len(Health))
    height = placed["height"] + _LEGEND_HEIGHT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-labelledby="title desc">',
        f'<title id="title">{_tip(title or _title(nodes.values()))}</title>',
        f'<desc id="desc">{_tip(description(graph))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" width="{width}" height="{height}"/>',
    ]
    lines += [_box(box) for box in placed["groups"]]
    lines += [_edge(edges[edge["key"]], edge["points"]) for edge in placed["edges"]]
    for place in placed["nodes"]:
        lines += _node(nodes[place["key"]], place, placed["node"])
    lines += _legend(height - _LEGEND_HEIGHT)
    return "\n".join([*lines, "</svg>", ""])


def description(graph: Mapping[str, Sequence[Record]]) -> str:
    """What the picture shows, in a sentence for those who do not see it."""
    ill = [
        f"{node['data'].get('type', '')} {_name(node['data'])} ({_word(node['data'])})"
        for node in graph["nodes"]
        if health(node["data"]) in (Health.BAD, Health.DEGRADED)
    ]
    found = f"{len(graph['nodes'])} objects, {len(graph['edges'])} links."
    return f"{found} Not well: {', '.join(ill)}." if ill else found


def printable(value: Any) -> str:
    """A value as text in which nothing is unseen."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found.group()):04x}", text(value))


def shortened(value: Any, columns: int) -> str:
    """A text that takes at most so many columns; what is left out of its middle is `…`."""
    whole = printable(value)
    if _columns(whole) <= columns:
        return whole
    head, tail = _cut(whole, columns // 2), _cut(whole[::-1], (columns - 1) // 2)
    return f"{head}…{tail[::-1]}"


def _cut(value: str, columns: int) -> str:
    taken = 0
    for place, character in enumerate(value):
        taken += _columns(character)
        if taken > columns:
            return value[:place]
    return value


def _columns(value: str) -> int:
    """Places on the line; wide characters take two."""
    return sum(1 + (unicodedata.east_asian_width(one) in "WF") for one in value)


def _name(data: Record) -> Any:
    return data.get("object_name") or data.get("name") or data.get("id", "")


def _word(data: Record) -> str:
    """The state in words: that of the source, whether it has problems, whether it is stale."""
    words = [state_word(data) or "state not known"]
    count = len(data.get("problems") or ())
    words += [f"{count} problem{'s' * (count > 1)}"] if count else []
    words += ["stale"] if data.get("stale_since") else []
    watched = watched_word(data)
    words += [f"monitoring: {watched}"] if watched else []
    return ", ".join(words)


def _title(nodes: Any) -> str:
    focal = next((data for data in nodes if data.get("focal_point")), None)
    return f"{focal.get('type', '')} {_name(focal)}" if focal else "Objects and links"


def _tip(value: str) -> str:
    return escape(printable(value[:LONGEST]))


def _box(box: Record) -> str:
    x, y = box["x"], box["y"]
    return (
        f'<g class="box"><title>{_tip("host " + str(box["key"]))}</title>'
        f'<rect x="{x}" y="{y}" width="{box["w"]}" height="{box["h"]}" rx="8"/>'
        f'<text x="{x + 12}" y="{y + 24}">{escape(shortened(box["key"], HOST_WIDTH))}</text></g>'
    )


def _edge(data: Record, points: Sequence[Point]) -> str:
    way = " ".join(f"{x},{y}" for x, y in points)
    facts = [str(data.get(name) or "") for name in ("link_type", "link_name", "reason")]
    told = ", ".join([facts[0], _word(data), *(fact for fact in facts[1:] if fact)])
    state = Health.GOOD if data.get("link_type") == "contains" else health(data)
    return f'<polyline class="edge {state}" points="{way}"><title>{_tip(told)}</title></polyline>'


def _node(data: Record, place: Record, size: Record) -> Iterator[str]:
    state, kind = health(data), str(data.get("type", ""))
    focal = " focal" if data.get("focal_point") else ""
    focal += " silenced" if silenced(data) else ""
    where = f" on {data['host']}" if data.get("host") else ""
    told = f"{kind} {str(_name(data))[:200]}{where}: {_word(data)}"
    problems = [str(item.get("message", "")) for item in data.get("problems") or ()]
    problems += [str(data["monitoring"].get("text", ""))] if watched_word(data) else []
    yield f'<g class="node {state}{focal}" transform="translate({place["x"]} {place["y"]})">'
    yield f"<title>{_tip('; '.join([told, *problems]))}</title>"
    yield f'<rect width="{size["w"]}" height="{size["h"]}" rx="6"/>'
    yield f'<path class="mark" transform="translate(9 16)" d="{SHAPES[state]}"/>'
    watched = (data.get("monitoring") or {}).get("value")
    word = watched_word(data) if watched else state_word(data)
    label = f"{kind} · {word}" if word else kind
    yield f'<text class="kind" x="28" y="17">{escape(shortened(label, KIND_WIDTH))}</text>'
    yield f'<text class="name" x="28" y="35">{escape(shortened(_name(data), NAME_WIDTH))}</text>'
    yield "</g>"


def _legend(top: int) -> Iterator[str]:
    yield f'<g class="legend" transform="translate({MARGIN} {top})">'
    for number, state in enumerate(Health):
        yield f'<g class="{state}" transform="translate({number * _LEGEND_STEP} 0)">'
        yield f'<path class="mark" d="{SHAPES[state]}"/><text x="18" y="11">{state}</text></g>'
    yield "</g>"
