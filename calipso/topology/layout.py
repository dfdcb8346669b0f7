"""Where the nodes of a graph are drawn: columns by type, boxes by host. Pure and deterministic.

Every node has a cell of its own in one grid of columns and rows. Columns are the ranks that object
types declare, instances at the left, networks at the right. What is on a host is in the box of the
host; networks and switches stand to the right of the boxes. Rows are ordered in four sweeps by the
mean row of the neighbours. Nodes and boxes that were drawn before keep their order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from calipso.model.documents import Record
from calipso.model.types import object_type
from calipso.topology.order import Neighbours, in_order, natural, settle, spread

#: Sizes in units of the drawing; a browser draws one unit as one pixel.
NODE_WIDTH, NODE_HEIGHT = 192, 44
COLUMN_WIDTH, ROW_HEIGHT = 248, 64
MARGIN = 24
BOX_PADDING = 14
SWEEPS = 4

Point = tuple[int, int]


@dataclass
class _Grid:
    """Columns and rows while they are found."""

    column: dict[str, int]
    group: dict[str, str]
    #: (group, column) -> keys from top to bottom.
    cells: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    #: The first row of a box, which holds its name.
    top: dict[str, int] = field(default_factory=dict)
    height: dict[str, int] = field(default_factory=dict)
    row: dict[str, int] = field(default_factory=dict)


def layout(
    graph: Mapping[str, Sequence[Record]], known: Mapping[str, Point] | None = None
) -> dict[str, Any]:
    """Places of nodes, boxes and edges of a graph `{nodes, edges}` as `elements` makes it.

    Answers `{width, height, node, nodes, groups, edges}`: nodes `{key, x, y, rank, group}` with
    the upper left corner of each and boxes `{key, x, y, w, h}`; an edge is `{key, points}`.
    `known` maps keys of nodes to places of an earlier layout: these keep their order.
    """
    nodes = {str(node["data"]["key"]): node["data"] for node in graph["nodes"]}
    ends = [
        (str(edge["data"]["key"]), str(edge["data"]["source"]), str(edge["data"]["target"]))
        for edge in graph["edges"]
    ]
    ends = [edge for edge in ends if edge[1] in nodes and edge[2] in nodes]
    earlier = {key: place for key, place in (known or {}).items() if key in nodes}
    grid = _grid(nodes)
    _fill(grid, nodes, earlier)
    neighbours = Neighbours((source, target) for _, source, target in ends)
    free = _free_columns(grid)
    _place_rows(grid, free)
    for sweep in range(SWEEPS):
        _sweep(grid, neighbours, earlier, free, backwards=sweep % 2 == 1)
    return _drawn(grid, ends)


def _grid(nodes: Mapping[str, Record]) -> _Grid:
    """Each node's column, without empty ones, and the host whose box it is in."""
    ranks = {key: _rank(data) for key, data in nodes.items()}
    columns = {rank: column for column, rank in enumerate(sorted(set(ranks.values())))}
    group = {key: str(data.get("host") or "") for key, data in nodes.items()}
    return _Grid({key: columns[rank] for key, rank in ranks.items()}, group)


def _rank(data: Record) -> int:
    """The rank of a node: its own, as a group has it, otherwise that of its type."""
    given: Any = data.get("rank")
    return given if isinstance(given, int) else rank_of(str(data.get("type", "")))


def rank_of(kind: str) -> int:
    """The rank of an object type: -1 for what only holds others, such as a host or a region."""
    declared = object_type(kind)
    if declared.rank is not None:
        return declared.rank
    return -1 if declared.declared else 99


def _free_columns(grid: _Grid) -> set[int]:
    """Columns at the right of all boxes: their nodes stand beside the boxes, not in one."""
    boxed = [grid.column[key] for key, group in grid.group.items() if group]
    last = max(boxed, default=-1)
    return {column for column in grid.column.values() if column > last}


def _fill(grid: _Grid, nodes: Mapping[str, Record], earlier: Mapping[str, Point]) -> None:
    """The first order: as drawn before, otherwise by type and name."""
    names = {
        key: (str(data.get("type", "")), natural(data.get("object_name") or data.get("name")), key)
        for key, data in nodes.items()
    }
    old = sorted(earlier, key=lambda key: (earlier[key][1], earlier[key][0], key))
    new = sorted(nodes.keys() - earlier.keys(), key=names.__getitem__)
    for key in [*old, *new]:
        grid.cells.setdefault((grid.group[key], grid.column[key]), []).append(key)


def _place_rows(grid: _Grid, free: set[int]) -> None:
    """Boxes below each other; the nodes of a column in the middle of their box."""
    top = 0
    for group in _groups(grid):
        within = [
            (column, keys)
            for (own, column), keys in grid.cells.items()
            if own == group and not (own == "" and column in free)
        ]
        if not within:
            continue
        most = max(len(keys) for _, keys in within)
        grid.top[group], grid.height[group] = top, most + 1
        for _, keys in within:
            first = top + 1 + (most - len(keys)) // 2
            grid.row.update({key: first + place for place, key in enumerate(keys)})
        top += most + 1
    for column in sorted(free):
        keys = grid.cells.get(("", column), [])
        first = max(0, (top - len(keys) + 1) // 2)
        grid.row.update({key: first + place for place, key in enumerate(keys)})


def _groups(grid: _Grid) -> list[str]:
    """Boxes from top to bottom by the names of their hosts; what is on no host comes last."""
    return sorted({group for group, _ in grid.cells}, key=lambda name: (not name, natural(name)))


def _sweep(
    grid: _Grid,
    neighbours: Neighbours,
    earlier: Mapping[str, Point],
    free: set[int],
    *,
    backwards: bool,
) -> None:
    """Once over all columns, in one direction: each by the rows of what it is linked to."""
    rows = max((top + grid.height[name] for name, top in grid.top.items()), default=0)
    for group, column in sorted(grid.cells, key=lambda cell: (cell[1], cell[0]), reverse=backwards):
        keys = grid.cells[group, column]
        wanted = neighbours.means(keys, grid.row)
        ordered = in_order(keys, wanted, earlier)
        grid.cells[group, column] = ordered
        if group == "" and column in free:
            grid.row.update(spread(ordered, wanted, grid.row, rows))
        else:
            slots = sorted(grid.row[key] for key in keys)
            low = grid.top[group] + 1
            grid.row.update(settle(ordered, wanted, slots, low, low + grid.height[group] - 1))


def _drawn(grid: _Grid, ends: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    """Cells as coordinates."""
    at = {key: (_x(grid.column[key]), _y(grid.row[key])) for key in grid.row}
    nodes = [
        {"key": key, "x": at[key][0], "y": at[key][1], "rank": grid.column[key]}
        | {"group": grid.group[key]}
        for key in sorted(at, key=lambda key: (grid.column[key], grid.row[key], key))
    ]
    columns: defaultdict[bool, list[int]] = defaultdict(list)
    for key, column in grid.column.items():
        columns[bool(grid.group[key])].append(column)
    hosts = [group for group in grid.top if group]
    left, right = min(columns[True], default=0), max(columns[True], default=0)
    groups = [
        {
            "key": group,
            "x": _x(left) - BOX_PADDING,
            "y": _y(grid.top[group]) + ROW_HEIGHT - NODE_HEIGHT,
            "w": (right - left) * COLUMN_WIDTH + NODE_WIDTH + 2 * BOX_PADDING,
            "h": grid.height[group] * ROW_HEIGHT - (ROW_HEIGHT - NODE_HEIGHT) + 2,
        }
        for group in hosts
    ]
    edges = [
        {"key": key, "points": _points(grid, at, source, target)}
        for key, source, target in sorted(ends)
    ]
    width = max((x for x, _ in at.values()), default=0) + NODE_WIDTH + BOX_PADDING + MARGIN
    height = max((y for _, y in at.values()), default=0) + NODE_HEIGHT + BOX_PADDING + MARGIN
    size = {"w": NODE_WIDTH, "h": NODE_HEIGHT}
    return {
        "width": width,
        "height": height,
        "node": size,
        "nodes": nodes,
        "groups": groups,
        "edges": edges,
    }


def _x(column: int) -> int:
    return MARGIN + BOX_PADDING + column * COLUMN_WIDTH


def _y(row: int) -> int:
    return MARGIN + row * ROW_HEIGHT


def _points(grid: _Grid, at: Mapping[str, Point], source: str, target: str) -> list[Point]:
    """From the side of a node to the side of the other one, past the nodes in between.

    An edge that skips columns runs through the gap between two rows, where no node is.
    """
    if grid.column[source] > grid.column[target]:
        return _points(grid, at, target, source)[::-1]
    (x1, y1), (x2, y2) = at[source], at[target]
    middle = NODE_HEIGHT // 2
    start, end = (x1 + NODE_WIDTH, y1 + middle), (x2, y2 + middle)
    gap = COLUMN_WIDTH - NODE_WIDTH
    steps = grid.column[target] - grid.column[source]
    if steps == 0:  # around the right side of both
        end = (x2 + NODE_WIDTH, y2 + middle)
        return [start, (start[0] + gap // 3, start[1]), (end[0] + gap // 3, end[1]), end]
    if steps == 1:
        return [start, end]
    upper = (y1 + y2) // 2 - MARGIN
    lane = MARGIN + (upper // ROW_HEIGHT + 1) * ROW_HEIGHT - (ROW_HEIGHT - NODE_HEIGHT) // 2
    return [start, (start[0] + gap // 2, lane), (end[0] - gap // 2, lane), end]
