"""What all checks share: results, how one is judged, and how it runs as a program.

A program ends with 0 (OK), 1 (warning), 2 (error) or 3 (it could not tell), and prints one line,
then a few lines of detail. Nagios, NRPE, Icinga and agents of Sensu run it as it is.
"""

import argparse
import json
import os
import sys
from importlib import import_module
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence

try:
    from .facts import Facts, NotRead
    from .reading import gather
except ImportError:  # run as a program
    from facts import Facts, NotRead  # type: ignore[import-not-found,no-redef]
    from reading import gather  # type: ignore[import-not-found,no-redef]

__all__ = ["ERROR", "LABELS", "OK", "UNKNOWN", "WARNING", "Facts", "NotRead", "Result"]

OK, WARNING, ERROR, UNKNOWN = 0, 1, 2, 3
LABELS = ("OK", "Warning", "Error", "Unknown")

#: From good to bad. What is known to be bad is worse than what nobody knows.
_ORDER = (OK, UNKNOWN, WARNING, ERROR)

#: Characters of the line, and of the detail: the store and the screen of a person are small.
LONGEST, LONGEST_DETAIL = 300, 1500

Item = Mapping[str, Any]


class Result(NamedTuple):
    """What a check found.

    `at_once`: a single error counts, the next round need not agree. `derived`: the cause is
    another object, which has a result of its own.
    """

    value: int
    text: str
    detail: str = ""
    at_once: bool = False
    derived: bool = False

    @property
    def label(self) -> str:
        """OK, Warning, Error or Unknown."""
        return LABELS[self.value]


Evaluate = Callable[[Item, Facts], Result]


def ok(text: str, detail: str = "") -> Result:
    """Return a good result."""
    return Result(OK, text, detail)


def warning(text: str, detail: str = "") -> Result:
    """Return a result for something that works in part."""
    return Result(WARNING, text, detail)


def error(text: str, detail: str = "", at_once: bool = False) -> Result:
    """Return a result for something that does not work."""
    return Result(ERROR, text, detail, at_once)


def unknown(text: str, detail: str = "") -> Result:
    """Return a result for a check that could not tell."""
    return Result(UNKNOWN, text, detail)


def rank(value: int) -> int:
    """Return a number that grows from good to bad."""
    return _ORDER.index(value)


def worst(results: Sequence[Result]) -> Result:
    """Return the worst of some results; the first of several equal ones. There must be one."""
    return max(results, key=lambda result: rank(result.value))


def module_of(kind: str) -> str:
    """Return the name of the check of a type: `check_vnic`, or `check_link_vnic_vedge` of a link.

    A type of object has no `-` in its name, the type of a link has one.
    """
    return ("check_link_" if "-" in kind else "check_") + kind.replace("-", "_")


def kind_of(item: Item) -> str:
    """Return the type of an object or link."""
    return str(item.get("link_type") or item.get("type") or "")


def find(kind: str) -> Optional[Evaluate]:
    """Return the check of a type by its name; None when there is none."""
    package = __package__ + "." if __package__ else ""
    try:
        found = import_module(package + module_of(kind))
    except ImportError:
        return None
    evaluate = getattr(found, "evaluate", None)
    return evaluate if callable(evaluate) else None


def judge(evaluate: Evaluate, item: Item, facts: Facts) -> Result:
    """Return the result of a check. One that cannot read its facts, or fails, is unknown."""
    try:
        return evaluate(item, facts)
    except NotRead as missing:
        return unknown(str(missing))
    except Exception as failure:  # noqa: BLE001 - one bad object must not end the round
        said = "{}: {}".format(type(failure).__name__, failure)
        return unknown("the check failed: {}".format(said)[:LONGEST])


def judge_other(item: Optional[Item], facts: Facts) -> Optional[Result]:
    """Return the result of another object of the host, judged once; None without a check."""
    if item is None:
        return None
    key = kind_of(item), str(item.get("id"))
    if key not in facts.judged:
        evaluate = find(key[0])
        if evaluate is None:
            return None
        facts.judged[key] = judge(evaluate, item, facts)
    found: Result = facts.judged[key]
    return found


def with_parts(own: Result, parts: Sequence[Optional[Item]], facts: Facts) -> Result:
    """Return the worst of an object and the objects that it needs."""
    results = [own]
    for part in parts:
        found = judge_other(part, facts)
        if found is not None and part is not None:
            text = "{} {}: {}".format(part.get("type"), part.get("name", part["id"]), found.text)
            results.append(found._replace(text=text[:LONGEST], derived=True))
    return worst(results)


def link_result(link: Item, facts: Facts, plug: Result) -> Result:
    """Return the result of a link: the plug itself, and its ends as far as they are on the host."""
    ends = [link.get("source_object"), link.get("target_object")]
    return with_parts(plug, ends, facts)


# -- as a program ----------------------------------------------------------------------


def main(evaluate: Evaluate, arguments: Optional[List[str]] = None) -> int:
    """Judge one object of this host; print the result; return the exit code."""
    given = _parser().parse_args(arguments)
    try:
        item = _item(given)
        facts = Facts(gather(sudo=given.sudo), host=str(item.get("host", "")))
    except (OSError, ValueError, KeyError) as failure:
        print("Unknown: {}".format(failure))
        return UNKNOWN
    result = judge(evaluate, item, facts)
    print("{}: {}".format(result.label, one_line(result.text)[:LONGEST]))
    if result.detail:
        print(result.detail[:LONGEST_DETAIL])
    return result.value


def one_line(text: str) -> str:
    """Return text on one line. A bar begins performance data in Nagios, so it is written as `/`."""
    return " ".join(text.replace("|", "/").split())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Judge one object of this host.")
    parser.add_argument("--objects", help="file: a JSON map of names to objects (rendered)")
    parser.add_argument("--name", help="which of them: its name in the map")
    parser.add_argument("--field", action="append", default=[], help="NAME=VALUE of the object")
    parser.add_argument("--sudo", action="store_true", help="read facts with `sudo -n`")
    return parser


def _item(given: argparse.Namespace) -> Dict[str, Any]:
    item: Dict[str, Any] = {}
    if given.objects:
        with open(given.objects, encoding="utf-8") as file:
            objects = json.load(file)
        if given.name not in objects:
            raise KeyError("{} is not in {}".format(given.name, os.path.basename(given.objects)))
        item.update(objects[given.name])
    for field in given.field:
        name, equals, value = field.partition("=")
        if not equals:
            raise ValueError("--field {}: expected NAME=VALUE".format(name))
        item[name] = value
    if not item:
        raise ValueError("give --objects and --name, or --field")
    item.setdefault("id", item.get("name", ""))
    return item


def run(evaluate: Evaluate) -> None:
    """End this program with the result of a check."""
    sys.exit(main(evaluate))
