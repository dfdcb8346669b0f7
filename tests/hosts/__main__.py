"""Several worker hosts: `python -m tests.hosts [--short]`, `python -m tests.hosts --speedup`.

The first needs root: it makes network namespaces, each a worker host with its own address. The
second shows what more worker processes bring.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys

from tests.hosts import runs, speedup
from tests.hosts.network import leftovers, why_not


def main() -> int:
    """Run what is asked for; 0 when all held."""
    parser = argparse.ArgumentParser(prog="python -m tests.hosts", description=__doc__)
    parser.add_argument("--speedup", action="store_true", help="wall time by worker processes")
    parser.add_argument("--short", action="store_true", help="short leases, as in the tests")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what we started goes with us
    if options.speedup:
        return show_speedup()
    if reason := why_not():
        print(f"skipped: several worker hosts: {reason}")
        return 0
    held = show_hosts(runs.SHORT if options.short else {})
    left = leftovers()
    if left:
        print(f"FAIL: left behind: {', '.join(left)}")
    return 0 if held and not left else 1


def show_hosts(leases: dict[str, str]) -> bool:
    """All hosts are used; a host that is cut off costs its leases; it comes back."""
    with runs.sample() as cloud, runs.cluster(cloud, **leases) as cluster:
        hosts = cluster.add_hosts(3)
        told = [cluster.scan(), cluster.scan()]
        calm = told[-1]
        print(f"undisturbed: {line(calm)}")
        cut = cluster.scan_while_cut(hosts[0])
        print(f"{hosts[0].name} cut off while it asks hosts: {line(cut)}")
        print(f"time lost: {cut.seconds - calm.seconds:.1f} s; leases: {runs.leases()}")
        print(f"worker back {cluster.rejoins(hosts[0]):.1f} s after its link")
        after = cluster.scan()
        print(f"afterwards: {line(after)}")
    checks = {
        "every scan completed": all(o.status == "completed" for o in (*told, cut, after)),
        "every result is that of one process": all(o.equal for o in (*told, cut, after)),
        "undisturbed, every host worked": len(calm.tasks) == len(hosts),
        "afterwards, every host worked": len(after.tasks) == len(hosts),
    }
    for what, holds in checks.items():
        print(f"{'ok  ' if holds else 'FAIL'} {what}")
    return all(checks.values())


def line(outcome: runs.Outcome) -> str:
    """A scan in a line."""
    shares = ", ".join(f"{host} {number}" for host, number in sorted(outcome.tasks.items()))
    equal = "equal" if outcome.equal else "NOT EQUAL"
    errors = f"; {outcome.errors[:2]}" if outcome.errors else ""
    return f"{outcome.status} in {outcome.seconds:.1f} s, {equal}; tasks by host: {shares}{errors}"


def show_speedup() -> int:
    """A table; a factor that is far from the number of processes is seen at once."""
    print(
        f"{speedup.HOSTS} hosts, {speedup.INSTANCES} instances, {speedup.LATENCY} ms latency; "
        f"{speedup.THREADS} thread a process, {speedup.HOSTS_AT_ONCE} host at a time in it, so "
        f"that reading waits and does not compute; {os.cpu_count()} processors"
    )
    results = speedup.measure()
    print(f"{'processes':>10}{'reading s':>11}{'ratio':>7}{'scan s':>9}{'ratio':>7}")
    for found in results:
        ratios = results[0].reading / found.reading, results[0].seconds / found.seconds
        print(
            f"{found.processes:>10}{found.reading:>11.1f}{ratios[0]:>7.2f}"
            f"{found.seconds:>9.1f}{ratios[1]:>7.2f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
