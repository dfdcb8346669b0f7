"""What became faster or slower since an earlier result, and what may be compared at all.

Wall time is compared when hardware and options are the same and no other program was busy, CPU
time when hardware and options are. A scan by its floor of plain writes hardly depends on the
machine: it is compared whenever the options are the same, by wall time only when undisturbed.
Counts must be equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.bench.figures import Part, Result, Scan
from tests.bench.machine import described, same_hardware
from tests.bench.tables import ratio, table

#: Options that say where and how long, not what was measured.
IGNORED = ("commit", "time_limit", "again", "floor")

COUNTS = ("objects", "links", "cliques", "changes", "tasks")
ASKED = ("api_calls", "sql_queries", "ssh_sessions", "ssh_round_trips")


@dataclass
class Change:
    """One figure that can be compared."""

    subject: str
    what: str
    old: float
    new: float

    @property
    def ratio(self) -> float | None:
        """New by old; below 1 is better."""
        return self.new / self.old if self.old else None

    def verdict(self, tolerance: float) -> str:
        """`slower`, `faster`, or nothing when the difference is within the tolerance."""
        found = self.ratio
        if found is None or 1 / (1 + tolerance) <= found <= 1 + tolerance:
            return ""
        return "slower" if found > 1 else "faster"


@dataclass
class Comparison:
    """A result beside an earlier one."""

    new: Result
    old: Result
    tolerance: float
    changes: list[Change] = field(default_factory=list)
    #: Counts that differ: subject, what, old, new.
    counts: list[tuple[str, str, float, float]] = field(default_factory=list)
    #: Why figures were left out.
    notes: list[str] = field(default_factory=list)

    def verdicts(self) -> list[str]:
        """A line for each figure that moved by more than the tolerance, and each other count."""
        lines = [
            f"{word}: {one.subject}: {one.what} {one.new:.4g}, was {one.old:.4g}"
            f" ({ratio(one.ratio)})"
            for one in self.changes
            if (word := one.verdict(self.tolerance))
        ]
        lines += [f"differs: {s}: {w} {new:g}, was {old:g}" for s, w, old, new in self.counts]
        return sorted(lines, reverse=True)


def compare(new: Result, old: Result, tolerance: float = 0.2) -> Comparison:
    """Compare what both results have."""
    found = Comparison(new, old, tolerance)
    if _options(new) != _options(old):
        found.notes.append("measured with other options: nothing is compared")
        return found
    same = same_hardware(new.machine, old.machine)
    if not same:
        found.notes.append("another machine: times are not compared, only what does not depend")
    before = {scan.key: scan for scan in old.scans}
    for scan in new.scans:
        if scan.key in before:
            _scan(found, scan, before[scan.key], same=same)
    if same:
        found.changes += _parts(new.parts, old.parts)
    return found


def comparison_text(found: Comparison) -> str:
    """Tables and lines."""
    new, old = found.new, found.old
    lines = [
        f"Compared with the result of {old.when} ({old.options.get('commit') or 'no commit'})",
        f"  on {described(old.machine)}",
        *(f"  {note}" for note in found.notes),
    ]
    rows = list(_rows(found))
    if rows:
        heads = (
            *("hosts", "scan", "wall s", "was", "ratio", "CPU s", "was", "ratio"),
            *("scan/floor", "was", "by CPU", "was"),
        )
        lines += ["", table("New, old, and new by old", heads, rows), ""]
    verdicts = found.verdicts()
    lines += [f"  {line}" for line in verdicts]
    if new.scans and not verdicts:
        lines.append(f"  nothing that is compared moved by more than {found.tolerance:.0%}")
    return "\n".join(lines)


def _options(result: Result) -> dict[str, object]:
    return {name: value for name, value in result.options.items() if name not in IGNORED}


def _scan(found: Comparison, new: Scan, old: Scan, *, same: bool) -> None:
    quiet = not new.disturbed(found.new.cores) and not old.disturbed(found.old.cores)
    if not quiet:
        found.notes.append(f"{new.key}: other programs were busy: wall times are not compared")
    if same and quiet:
        found.changes.append(Change(new.key, "wall seconds", old.wall, new.wall))
    if same:
        found.changes.append(Change(new.key, "CPU seconds", old.our_cpu, new.our_cpu))
    over = [("scan/floor by CPU", Result.over_floor_cpu)]
    over += [("scan/floor", Result.over_floor)] if quiet else []
    for what, read in over:
        before, after = read(found.old, old), read(found.new, new)
        if before is not None and after is not None:
            found.changes.append(Change(new.key, what, before, after))
    counts = [(name, getattr(old, name), getattr(new, name)) for name in COUNTS]
    counts += [(name, old.asked.get(name, 0), new.asked.get(name, 0)) for name in ASKED]
    found.counts += [(new.key, name, was, now) for name, was, now in counts if was != now]


def _parts(new: list[Part], old: list[Part]) -> Iterator[Change]:
    before = {part.name: part for part in old}
    for part in new:
        if part.name in before:
            was = before[part.name]
            each = (was.seconds / was.count * 1e6, part.seconds / part.count * 1e6)
            yield Change(part.name, f"µs for each of {part.unit}", *each)


def _rows(found: Comparison) -> Iterator[tuple[object, ...]]:
    before = {scan.key: scan for scan in found.old.scans}
    for scan in found.new.scans:
        was = before.get(scan.key)
        if was is None:
            continue
        times = ((scan.wall, was.wall), (scan.our_cpu, was.our_cpu))
        floors = (
            *(found.new.over_floor(scan), found.old.over_floor(was)),
            *(found.new.over_floor_cpu(scan), found.old.over_floor_cpu(was)),
        )
        cells = [cell for new, old in times for cell in _cells(new, old)]
        yield (scan.label, scan.scan, *cells, *(ratio(value) for value in floors))


def _cells(new: float, old: float) -> tuple[str, str, str]:
    return (f"{new:.1f}", f"{old:.1f}", ratio(new / old if old else None))
