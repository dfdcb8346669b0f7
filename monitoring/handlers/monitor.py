#!/usr/bin/env python3
"""monitor.py: takes one event on standard input, as a pipe handler of a monitoring system does.

    monitor.py [-m FILE] [-e ENVIRONMENT] [-f FORMAT] < event.json
    python3 -m monitoring.handlers.monitor < event.json

The name and `-m` are those of the original, so that a `handlers.json` made for it goes on. Without
FORMAT the event itself says what it is. Exit code 0: all was taken; 1: refused, why is on standard
error. `calipso monitoring handle` does the same.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from monitoring.handlers.formats import Answered

#: Characters of an event that are read.
LONGEST = 2_000_000
#: A field that only payloads of this format have, in the order in which they are looked for.
SIGNS = (
    ("alerts", "alertmanager"),
    ("client", "sensu-core"),
    ("entity", "sensu-go"),
    ("spec", "sensu-go"),
    ("check_result", "icinga2"),
    ("line", "nagios"),
)


def handle(stream: TextIO, form: str, environment: str) -> list[Answered]:
    """Take what a stream holds: an event, or a list of events; return what became of each.

    An empty format or environment is read from the event. Raises ConfigError for what is no event,
    NotFound for an environment that is not there.
    """
    from calipso.errors import ConfigError
    from calipso.stores.config.environment_store import EnvironmentStore
    from calipso.stores.inventory.inventory_mgr import InventoryMgr
    from monitoring.handlers.formats import FORMATS, take

    if form and form not in FORMATS:
        raise ConfigError(f"no format {form}", hint=f"There are: {', '.join(FORMATS)}.")
    try:
        payload: Any = json.loads(stream.read(LONGEST))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"standard input is not JSON: {error}") from None
    payloads = payload if isinstance(payload, list) else [payload]
    if not all(isinstance(one, dict) for one in payloads):
        raise ConfigError("standard input: expected an object, or a list of objects")
    first: Mapping[str, Any] = payloads[0] if payloads else {}
    name = environment or _environment_of(first)
    EnvironmentStore().get(name)
    return take(InventoryMgr(), form or format_of(first), payloads, name)


def format_of(payload: Mapping[str, Any]) -> str:
    """Return the format of an event by the fields that only it has; our own if it has none."""
    return next((form for field, form in SIGNS if field in payload), "own")


def _environment_of(payload: Mapping[str, Any]) -> str:
    from calipso.errors import ConfigError

    for place in (payload, payload.get("client"), _labels_of(payload)):
        if isinstance(place, Mapping):
            name = place.get("environment") or place.get("calipso_env")
            if isinstance(name, str) and name:
                return name
    raise ConfigError("the event names no environment", hint="Give --env.")


def _labels_of(payload: Mapping[str, Any]) -> Any:
    """Labels of the check of Sensu Go, as `render` writes them."""
    place: Any = payload.get("spec", payload)
    for name in ("check", "metadata", "labels"):
        place = place.get(name) if isinstance(place, Mapping) else None
    return place


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code."""
    given = _parser().parse_args(arguments)
    if given.mongo_config:
        _use(given.mongo_config)
    from calipso.errors import CalipsoError
    from calipso.stores.mongo.driver import StoreFailure

    try:
        answers = handle(sys.stdin, given.format, given.env)
    except CalipsoError as error:
        print("error:", error.message, error.hint, file=sys.stderr)
        return 1
    except StoreFailure as error:
        print(f"error: MongoDB: {str(error)[:200]}", file=sys.stderr)
        return 1
    for answer in answers:
        print(answer.problem or answer.word, file=sys.stderr if answer.problem else sys.stdout)
    return int(any(answer.problem for answer in answers))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="monitor.py", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("-m", "--mongo-config", metavar="FILE", help="where MongoDB is")
    parser.add_argument("-e", "--env", default="", help="the environment; default: as it says")
    parser.add_argument("-f", "--format", default="", help="its format; default: as it looks")
    return parser


def _use(path: str) -> None:
    from calipso.settings import load_settings, settings

    url = load_settings(mongo_config=Path(path)).mongo_url
    if url and "CALIPSO_MONGO_URL" not in os.environ:
        os.environ["CALIPSO_MONGO_URL"] = url
        settings.cache_clear()


if __name__ == "__main__":
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [place for place in sys.path if place != here]  # no module of ours by a bare name
    sys.exit(main())
