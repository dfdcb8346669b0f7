"""Scan generated clouds with the whole stack and print what it took.

make bench                                   # parts, then 10, 40 and 100 hosts
python -m tests.bench --sizes 10,40 --no-parts --json FILE
python -m tests.bench --full --save          # up to 1,000 hosts, and meshed; committed result, page
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
from copy import deepcopy
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from tests.bench.compare import compare, comparison_text
from tests.bench.figures import SPARSE, Floor, Result, Scan, read_result
from tests.bench.machine import machine, same_hardware
from tests.bench.marks import marks_text
from tests.bench.measure import Options, Size, measure
from tests.bench.parts import measure_parts
from tests.bench.report import write_report
from tests.bench.tables import tables

ROOT = Path(__file__).resolve().parents[2]
LAST = Path(__file__).parent / "results" / "last.json"
PAGE = ROOT / "docs" / "benchmark.md"

USUAL = "10,40,100"
#: At the end of a size: each host has a tunnel to each other.
MESH = "mesh"
FULL = "10,40,100,200,500,1000,100mesh,1000mesh"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=(__doc__ or "").partition("\n")[0],
        epilog=(__doc__ or "").partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sizes_help = f"hosts, or HOSTSxINSTANCES; with `mesh` at the end tunnels between all ({USUAL})"
    made.add_argument("--sizes", default=USUAL, help=sizes_help)
    made.add_argument("--full", action="store_true", help=f"the same as --sizes {FULL}")
    made.add_argument("--instances", type=int, default=50, metavar="N", help="of each host (50)")
    made.add_argument("--latency", type=float, default=5.0, metavar="MS", help="a request (5)")
    made.add_argument("--seed", type=int, default=1, help="of the generated cloud")
    made.add_argument("--workers", type=int, default=1, help="workers that read clouds (1)")
    made.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting: processes=4"
    )
    made.add_argument(
        "--time-limit", type=float, default=900.0, metavar="S", help="of one scan (900)"
    )
    made.add_argument("--home", type=Path, metavar="FOLDER", help="keep data and logs there")
    made.add_argument(
        "--onto",
        type=Path,
        metavar="FILE",
        help="add the sizes of this result: a long run in parts, on one machine, of one commit",
    )
    made.add_argument("--no-again", action="store_true", help="no second scan")
    made.add_argument("--no-floor", action="store_true", help="no plain writes: half of the time")
    made.add_argument(
        "--no-parts", action="store_true", help="leave the pytest-benchmark cases out"
    )
    made.add_argument("--parts-only", action="store_true", help="nothing but these")
    made.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    made.add_argument(
        "--from",
        dest="given",
        type=Path,
        metavar="FILE",
        help="measure nothing: show these figures",
    )
    made.add_argument(
        "--compare", type=Path, default=LAST, metavar="FILE", help="with these (the committed ones)"
    )
    made.add_argument(
        "--tolerance",
        type=float,
        default=0.2,
        metavar="X",
        help="what counts as moved (0.2: 20 %%)",
    )
    made.add_argument("--report", type=Path, metavar="PAGE", help="rewrite the figures of a page")
    made.add_argument(
        "--save",
        action="store_true",
        help="replace the committed result and the figures of its page",
    )
    return made


def sizes(arguments: argparse.Namespace) -> list[Size]:
    """Clouds to measure, as the command line names them."""
    found = []
    for word in (FULL if arguments.full else arguments.sizes).split(","):
        hosts, _, instances = word.removesuffix(MESH).partition("x")
        count = int(instances) if instances else int(hosts) * arguments.instances
        found.append(Size(int(hosts), count, "full" if word.endswith(MESH) else SPARSE))
    return found


def run(arguments: argparse.Namespace, onto: Result | None) -> Result:
    """Measure what the command line asks for, and add the sizes of an earlier result."""
    options = Options(
        latency=arguments.latency,
        seed=arguments.seed,
        workers=arguments.workers,
        time_limit=arguments.time_limit,
        again=not arguments.no_again,
        floor=not arguments.no_floor,
        settings=dict(word.split("=", 1) for word in arguments.set),
    )
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    result = Result(now, machine(), {"commit": _commit(), **asdict(options)})
    if not arguments.no_parts:
        _say("timing the parts ...")
        result.parts = measure_parts()
    for size in [] if arguments.parts_only else sizes(arguments):
        _say(f"measuring {size.hosts} hosts, {size.instances} instances, mesh {size.mesh} ...")
        scans, floor = measure_in_folder(size, options, arguments.home)
        result.scans += scans
        result.floors += [floor] if floor else []
        if arguments.json:  # after each size: what is cut short keeps what it has
            merged(result, onto).write(arguments.json)
    return merged(result, onto)


def merged(result: Result, onto: Result | None) -> Result:
    """These figures with the other sizes of an earlier result; neither is changed."""
    both = deepcopy(result)
    if onto:
        both.add_sizes(onto)
    return both


def unlike(earlier: Result) -> str:
    """Why figures of now must not stand beside these; empty when they may."""
    if not same_hardware(machine(), earlier.machine):
        return "on another machine"
    commit = earlier.options.get("commit")
    return "" if commit == _commit() else f"at commit {commit}, this is {_commit()}"


def measure_in_folder(
    size: Size, options: Options, kept: Path | None
) -> tuple[list[Scan], Floor | None]:
    """Measure in a fresh folder: one that is removed, or one below `kept`."""
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="calipso-bench-") as temporary:
            return measure(size, options, Path(temporary))
    folder = kept / f"{size.hosts}x{size.instances}"
    shutil.rmtree(folder, ignore_errors=True)
    return measure(size, options, folder)


def main() -> int:
    """Measure, print, compare, write."""
    arguments = parser().parse_args()
    signal.signal(signal.SIGTERM, _end)
    earlier = read_result(arguments.compare) if arguments.compare.exists() else None
    onto = read_result(arguments.onto) if arguments.onto else None
    if onto and (wrong := unlike(onto)):
        print(f"error: {arguments.onto}: measured {wrong}", file=sys.stderr)
        return 2
    given = read_result(arguments.given) if arguments.given else None
    result = merged(given, onto) if given else run(arguments, onto)
    print(tables(result))
    if earlier and earlier != result:
        print(f"\n{comparison_text(compare(result, earlier, arguments.tolerance))}")
    print(f"\n{marks_text(result)}")
    for path in (arguments.json, LAST if arguments.save else None):
        if path:
            result.write(path)
    for page in (arguments.report, PAGE if arguments.save else None):
        if page:
            write_report(page, result)
    return 0 if all(scan.status == "completed" for scan in result.scans) else 1


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)  # an exception: the stack is stopped on its way


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    return done.stdout.strip()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
