"""The campaign: `python -m tests.faults --runs 100 --seed 1 [--broker rabbitmq]`."""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import time
from collections import defaultdict
from pathlib import Path

from tests.faults.campaign import Outcome, as_document, campaign, choose
from tests.faults.kinds import kinds


def main() -> int:
    """Run, tell, exit 1 when a run failed."""
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the stack goes with us
    began = time.monotonic()
    outcomes: list[Outcome] = []
    with campaign(options.broker, options.keep) as running:
        say(f"undisturbed: {running.calm:.1f} s, {summary(running.expected)}")
        for number in range(options.first, options.first + options.runs):
            rng = random.Random(f"{options.seed}/{number}")
            chosen = [running.kinds[name] for name in options.kind or ()]
            outcome = running.run(number + 1, rng, chosen or choose(rng, running.kinds, number))
            outcomes.append(outcome)
            say(line(outcome))
    seconds = time.monotonic() - began
    print(table(outcomes, options.broker, seconds))
    if options.json:
        result = {"seed": options.seed, "broker": options.broker, "seconds": round(seconds)}
        result["runs"] = [as_document(outcome) for outcome in outcomes]
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first run")
    parser.add_argument("--broker", choices=("redis", "rabbitmq"), default="redis")
    parser.add_argument("--json", type=Path, help="also write all runs to this file")
    parser.add_argument("--keep", type=Path, help="folder for stores and logs, kept")
    parser.add_argument(
        "--kind", action="append", choices=sorted(kinds("rabbitmq")), help="only these faults"
    )
    return parser.parse_args()


def say(text: str) -> None:
    """Progress; the table alone goes to stdout."""
    print(text, file=sys.stderr, flush=True)


def summary(found: dict[str, list[dict[str, object]]]) -> str:
    """Sizes."""
    return ", ".join(f"{len(items)} {name}" for name, items in found.items())


def line(outcome: Outcome) -> str:
    """One run."""
    word = "ok  " if outcome.passed else "FAIL"
    happened = f" ({', '.join(outcome.happened)})" if outcome.happened else ""
    text = f"{word} {outcome.number:3} {outcome.seconds:6.1f} s  {outcome.status:22}"
    text += f" {', '.join(outcome.faults)}{happened}"
    return "\n       ".join([text, *outcome.failures])


def table(outcomes: list[Outcome], broker: str, seconds: float) -> str:
    """Faults by kind: a run counts for each of its kinds."""
    by_kind: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        for name in outcome.faults:
            by_kind[name].append(outcome)
    head = (
        f"{'fault':18}{'runs':>6}{'ended':>7}{'equal':>7}{'passed':>8}{'median s':>10}{'most s':>8}"
    )
    rows = [head, "-" * len(head)]
    rows += [row(name, by_kind[name]) for name in sorted(by_kind)]
    rows += ["-" * len(head), row(f"all ({broker})", outcomes), f"{seconds:.0f} s"]
    return "\n".join(rows)


def row(name: str, found: list[Outcome]) -> str:
    """One line of the table."""
    times = sorted(outcome.seconds for outcome in found)
    counts = [sum(getattr(o, what) for o in found) for what in ("ended", "equal", "passed")]
    numbers = "".join(f"{n:>{w}}" for n, w in zip((len(found), *counts), (6, 7, 7, 8), strict=True))
    return f"{name:18}{numbers}{times[len(times) // 2]:>10.1f}{times[-1]:>8.1f}"


if __name__ == "__main__":
    sys.exit(main())
