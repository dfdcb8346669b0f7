"""Scan generated clouds with the whole stack and print what it took.

python -m tests.bench                        # 40 hosts / 1,000 and 200 hosts / 5,000 instances
python -m tests.bench --sizes 10x250 40x1000 --latency 5 --json result.json
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.bench.processes import cpu_seconds, peak_megabytes
from tests.sample_cloud.running import RunningCloud, running_cloud

ROOT = Path(__file__).resolve().parents[2]
SIZES = ("40x1000", "200x5000")


@dataclass
class Row:
    """One scan."""

    hosts: int
    instances: int
    ports: int
    scan: str
    seconds: float
    objects: int
    links: int
    cliques: int
    ms_per_object: float
    api_calls: int
    sql_queries: int
    ssh_sessions: int
    ssh_round_trips: int
    commands_per_host: float
    changes: int
    cpu: dict[str, float]
    peak_mb: dict[str, float]


class Bench:
    """A stack in a directory of its own."""

    def __init__(self, home: Path) -> None:
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("CALIPSO_")}
        self.env |= {"CALIPSO_HOME": str(home)}
        self.home = home

    def calipso(self, *words: str, seconds: float = 900) -> str:
        """Run the command; returns what it printed."""
        command = [sys.executable, "-m", "calipso", *words]
        done = subprocess.run(
            command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=seconds
        )
        if done.returncode not in (0, 3):
            raise SystemExit(f"calipso {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def pids(self, cloud: RunningCloud) -> dict[str, int]:
        """Processes that are measured, by name."""
        rows = json.loads(self.calipso("status", "-f", "json"))
        return {row["name"]: int(row["pid"]) for row in rows} | {"cloud": cloud.state["pid"]}

    def scan(self, cloud: RunningCloud, name: str) -> Row:
        """One scan, measured from its start to its end as the scan record has them."""
        environment = cloud.environment["name"]
        pids = self.pids(cloud)
        before = {child: cpu_seconds(pid) for child, pid in pids.items()}
        scan_id = self.calipso("scan", "run", environment).strip().splitlines()[-1]
        record = self._wait(scan_id)
        counts, requests = record["counts"], record["requests"]
        links, cliques = counts.pop("links", 0), counts.pop("cliques", 0)
        objects = sum(counts.values())
        return Row(
            hosts=cloud.summary["hosts"],
            instances=cloud.summary["instances"],
            ports=cloud.summary["ports"],
            scan=name,
            seconds=record["seconds"],
            objects=objects,
            links=links,
            cliques=cliques,
            ms_per_object=round(record["seconds"] * 1000 / objects, 3),
            api_calls=requests.get("api_calls", 0),
            sql_queries=requests.get("sql_queries", 0),
            ssh_sessions=requests.get("ssh_sessions", 0),
            ssh_round_trips=requests.get("ssh_round_trips", 0),
            commands_per_host=round(requests.get("ssh_commands", 0) / cloud.summary["hosts"], 1),
            changes=record.get("changes", 0),
            cpu={c: round(cpu_seconds(pid) - before[c], 1) for c, pid in pids.items()},
            peak_mb={child: round(peak_megabytes(pid)) for child, pid in pids.items()},
        )

    def _wait(self, scan_id: str) -> dict[str, Any]:
        for _ in range(6000):
            record: dict[str, Any] = json.loads(self.calipso("scan", "show", scan_id, "-f", "json"))
            if record["status"] not in ("pending", "running"):
                if record["status"] != "completed":
                    raise SystemExit(f"the scan ended {record['status']}: {record['errors'][:3]}")
                return record
            time.sleep(1.0)
        raise SystemExit(f"scan {scan_id} does not end")


def measure(size: str, latency: float, seed: int) -> list[Row]:
    """A first and a second scan of one generated cloud, on a fresh stack."""
    hosts, instances = (int(part) for part in size.split("x"))
    networks = max(4, instances * 60 // 1000)
    with tempfile.TemporaryDirectory(prefix="calipso-bench-") as folder:
        bench = Bench(Path(folder))
        options = {"hosts": hosts, "instances": instances, "networks": networks}
        with running_cloud(name="bench", latency=latency, seed=seed, **options) as cloud:
            document = Path(folder) / "cloud.json"
            document.write_text(json.dumps(cloud.environment))
            try:
                bench.calipso("up")
                bench.calipso("env", "add", "--file", str(document), "--no-test")
                return [bench.scan(cloud, "first"), bench.scan(cloud, "again")]
            finally:
                bench.calipso("down")


def table(rows: list[Row]) -> str:
    """The rows as a table people can read."""
    names = ("hosts", "instances", "ports", "scan", "seconds", "objects", "links", "cliques")
    names += ("ms_per_object", "api_calls", "sql_queries", "ssh_sessions", "ssh_round_trips")
    names += ("commands_per_host",)
    lines = [[name.replace("_", " ") for name in names]]
    lines += [[str(getattr(row, name)) for name in names] for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(names))]
    text = [
        "  ".join(word.rjust(w) for word, w in zip(line, widths, strict=True)) for line in lines
    ]
    for row in rows:
        cpu = ", ".join(f"{name} {value}" for name, value in row.cpu.items())
        peak = ", ".join(f"{name} {value:.0f}" for name, value in row.peak_mb.items())
        text.append(f"{row.hosts} hosts, {row.scan}: CPU seconds: {cpu}; peak MB: {peak}")
    return "\n".join(text)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), metavar="HOSTSxINSTANCES")
    parser.add_argument("--latency", type=float, default=5.0, help="ms per request (default 5)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="also write the figures there")
    args = parser.parse_args()
    rows: list[Row] = []
    for size in args.sizes:
        print(f"measuring {size} ...", file=sys.stderr, flush=True)
        rows += measure(size, args.latency, args.seed)
    print(table(rows))
    if args.json:
        args.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
