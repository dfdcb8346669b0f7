"""Figures as tables that fit a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tests.bench.figures import Part, Result, Scan
from tests.bench.machine import described

#: Processes in the order of the tables.
PROCESSES = ("sources", "graph", "pool", "beat", "mongo", "redis", "cloud")
REST = ("supervisor", "bench")

STAGES = ("start", "inventory", "sweep", "links", "implicit_links", "cliques", "finish")


def table(
    title: str, heads: Sequence[str], rows: Iterable[Sequence[object]], *, words: int = 0
) -> str:
    """A title, heads and rows; columns are set to the right, but for the first `words`."""
    lines = [list(heads), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[number]) for line in lines) for number in range(len(heads))]
    text = [
        "  ".join(
            cell.ljust(width) if number < words else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    return "\n".join([title, *(f"  {line}" for line in text)])


def tables(result: Result) -> str:
    """Everything of one run, without comparison and marks."""
    parts = [f"{described(result.machine)}", _conditions(result)]
    if result.parts:
        parts.append(_parts(result.parts))
    if result.scans:
        parts += [_scans(result), _stages(result.scans)]
        parts += [_floors(result)] if result.floors else []
        parts += [_asked(result.scans), _cpu(result.scans), _memory(result.scans)]
        if any(scan.mongo_stages for scan in result.scans):
            parts.append(_mongo_by_stage(result.scans))
    return "\n\n".join(parts)


def ratio(value: float | None) -> str:
    """A quotient as people read it."""
    return "-" if value is None else f"{value:.2f}"


def _conditions(result: Result) -> str:
    told = ", ".join(f"{n} {v}" for n, v in result.options.items() if v and v is not True)
    return f"{result.when}, {told}"


def _scans(result: Result) -> str:
    scans = result.scans
    heads = (
        *("hosts", "inst.", "scan", "objects", "links", "cliques", "wall s"),
        *("obj/s", "ms/obj", "changes"),
    )
    rows = [
        (
            *(s.label, s.instances, s.scan, s.objects, s.links, s.cliques, f"{s.wall:.1f}"),
            f"{s.objects / s.wall:.0f}" if s.wall else "-",
            f"{s.ms_per_object:.2f}",
            s.changes,
        )
        for s in scans
    ]
    told = [f"  {s.key}: {s.status}" for s in scans if s.status != "completed"]
    told += [f"  {s.key}: {s.repeated} tasks were tried again" for s in scans if s.repeated]
    told += [
        f"  {s.key}: other programs used {s.taken(result.cores):.0%} of the machine: "
        "wall times say little"
        for s in scans
        if s.disturbed(result.cores)
    ]
    return "\n".join([table("Scans (again: of the unchanged cloud)", heads, rows), *told])


def _stages(scans: Sequence[Scan]) -> str:
    rows = [
        (s.label, s.scan, *(f"{s.stages.get(name, 0.0):.1f}" for name in STAGES), s.tasks)
        for s in scans
    ]
    heads = ("hosts", "scan", *(name.replace("_links", "") for name in STAGES), "tasks")
    return table("Seconds by stage", heads, rows)


def _floors(result: Result) -> str:
    floors = [
        (
            *(f.label, f.documents, f.megabytes, f.largest_kb, f"{f.seconds:.1f}"),
            *(f"{f.cpu:.1f}", f"{f.insert_seconds:.1f}", f"{f.insert_cpu:.1f}"),
        )
        for f in result.floors
    ]
    heads = ("hosts", "documents", "MB", "largest kB", "upserts s", "CPU", "inserts s", "CPU")
    title = "Floor: plain bulk writes of the documents the scans stored"
    rows = [
        (
            *(s.label, s.scan, ratio(result.over_floor(s)), ratio(result.over_floor_cpu(s))),
            *(ratio(result.over_inserts(s)), ratio(result.over_inserts_cpu(s))),
        )
        for s in result.scans
        if result.floor_of(s)
    ]
    over = ("hosts", "scan", "scan/upserts", "by CPU", "scan/inserts", "by CPU")
    return f"{table(title, heads, floors)}\n\n{table('Scan by floor', over, rows)}"


def _asked(scans: Sequence[Scan]) -> str:
    names = ("api_calls", "sql_queries", "ssh_sessions", "gateway_sessions", "ssh_round_trips")
    heads = (
        *("hosts", "scan", "API", "SQL", "logins", "gateway", "trips"),
        *("logins/host", "trips/host", "commands/host"),
    )
    rows = [
        (
            *(s.label, s.scan, *(f"{s.asked.get(name, 0):.0f}" for name in names)),
            f"{s.asked.get('ssh_sessions_host', 0):.0f}",
            f"{s.asked.get('ssh_round_trips', 0) / s.hosts:.2f}",
            f"{s.asked.get('ssh_commands_host', 0):.0f}",
        )
        for s in scans
    ]
    return table(
        "Asked of the cloud (logins, trips: SSH; a host: the most of any, trips the mean)",
        heads,
        rows,
    )


def _cpu(scans: Sequence[Scan]) -> str:
    rows = [
        (
            *(s.label, s.scan, *(f"{s.cpu.get(name, 0.0):.1f}" for name in PROCESSES)),
            f"{sum(s.cpu.get(name, 0.0) for name in REST):.1f}",
            f"{s.our_cpu:.1f}",
            f"{s.cpu.get('others', 0.0):.1f}",
        )
        for s in scans
    ]
    heads = ("hosts", "scan", *PROCESSES, "rest", "ours", "others")
    title = "CPU seconds (rest: bench, supervisor; ours: without bench and cloud; others: not ours)"
    return table(title, heads, rows)


def _memory(scans: Sequence[Scan]) -> str:
    single = [name for name in PROCESSES if name != "pool"]
    rows = []
    for s in scans:
        pool = [f"{mb:.0f}" for name, mb in s.peak.items() if name.startswith("pool ")]
        cells = [f"{s.peak.get(name, 0):.0f}" for name in single]
        rows.append((s.label, s.scan, *cells, s.redis_peak, "+".join(pool[:4]) or "-"))
    heads = ("hosts", "scan", *single, "redis used", "pool, each")
    title = "Peak MB of each process (VmHWM; redis used: its own used_memory_peak)"
    return table(title, heads, rows)


def _mongo_by_stage(scans: Sequence[Scan]) -> str:
    rows = [
        (s.label, s.scan, *(_megabytes(s.mongo_stages, name) for name in STAGES)) for s in scans
    ]
    heads = ("hosts", "scan", *(name.replace("_links", "") for name in STAGES))
    return table("Peak MB of MongoDB by stage", heads, rows)


def _megabytes(peaks: Mapping[str, float], name: str) -> str:
    return f"{peaks[name]:.0f}" if name in peaks else "-"


def _parts(parts: Sequence[Part]) -> str:
    rows = [
        (
            part.name,
            f"{part.seconds * 1000:.2f}",
            f"{part.count} {part.unit}",
            f"{part.seconds / part.count * 1e6:.1f}",
        )
        for part in parts
    ]
    heads = ("part", "ms", "of", "µs each")
    return table("Parts (median CPU time of one round)", heads, rows, words=1)
