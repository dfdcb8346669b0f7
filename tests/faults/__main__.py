"""The campaign: `python -m tests.faults --runs 100 --seed 1 [--broker rabbitmq]`."""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

from tests.faults.campaign import Outcome, as_document, campaign, choose
from tests.faults.figures import text
from tests.faults.kinds import kinds


def main() -> int:
    """Run, print the table, exit 1 when a run failed."""
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the stack goes with us
    began = time.monotonic()
    file = options.json or Path("var") / f"faults-{options.broker}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    result: dict[str, Any] = {"seed": options.seed, "broker": options.broker, "runs": []}
    result["cores"] = os.cpu_count()
    with campaign(options.broker, options.keep) as running:
        result["calm"] = running.calm
        say(f"undisturbed: {running.calm:.1f} s, {summary(running.expected)}")
        for number in range(options.first, options.first + options.runs):
            rng = random.Random(f"{options.seed}/{number}")
            chosen = [running.kinds[name] for name in options.kind or ()]
            outcome = running.run(number + 1, rng, chosen or choose(rng, running.kinds, number))
            say(line(outcome))
            result["runs"].append(as_document(outcome))
            result["seconds"] = round(time.monotonic() - began)
            file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(text(result))
    say(f"all runs are in {file}")
    return 0 if all(run["passed"] for run in result["runs"]) else 1


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first run")
    parser.add_argument("--broker", choices=("redis", "rabbitmq"), default="redis")
    parser.add_argument(
        "--json", type=Path, help="write all runs to this file (var/faults-BROKER.json)"
    )
    parser.add_argument("--keep", type=Path, help="folder for stores and logs, kept")
    parser.add_argument(
        "--kind", action="append", choices=sorted(kinds("rabbitmq")), help="only these faults"
    )
    return parser.parse_args()


def say(words: str) -> None:
    """Progress; the table alone goes to stdout."""
    print(words, file=sys.stderr, flush=True)


def summary(found: dict[str, list[dict[str, object]]]) -> str:
    """Sizes."""
    return ", ".join(f"{len(items)} {name}" for name, items in found.items())


def line(outcome: Outcome) -> str:
    """One run."""
    word = "ok  " if outcome.passed else "FAIL"
    happened = f" ({', '.join(outcome.happened)})" if outcome.happened else ""
    words = f"{word} {outcome.number:3} {outcome.seconds:6.1f} s  {outcome.status:22}"
    words += f" {', '.join(outcome.faults)}{happened}"
    return "\n       ".join([words, *outcome.failures])


if __name__ == "__main__":
    sys.exit(main())
