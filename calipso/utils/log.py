"""One log format for every process: time in UTC, level, logger, message, then fields.

Code logs through the standard library (`logging.getLogger(__name__)`, details as `extra`);
structlog formats it. Each line written inside `log_context` has the fields that it binds
(`environment`, `scan`, `host` and `task`), also a line of a library. Secrets are masked before a
line is written.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars, clear_contextvars
from structlog.stdlib import ExtraAdder, ProcessorFormatter
from structlog.typing import Processor

from calipso.model.environment import SECRET_KEYS
from calipso.settings import Settings, settings

Event = MutableMapping[str, Any]

MASK = "********"

#: Order of the first fields of a line.
FIRST = ("time", "level", "logger", "message", "environment", "scan", "host", "task")

#: Keys whose values are secrets, in any letter case.
SECRETS = frozenset(SECRET_KEYS) | {
    "authorization",
    "passphrase",
    "passwd",
    "password",
    "secret",
    "x-auth-token",
    "x-subject-token",
}

#: Level from which lines are stored with the scan for which this thread works.
_kept_level: ContextVar[int] = ContextVar("kept_level", default=logging.INFO)

#: Most characters of one value in a line: the output of a host may be megabytes.
LONGEST = 20_000

#: Libraries that log each step. Their failures reach us as exceptions.
QUIET = {
    "amqp": logging.WARNING,
    "asyncio": logging.WARNING,
    "keystoneauth": logging.WARNING,
    "kombu": logging.WARNING,
    "paramiko": logging.WARNING,
    "paramiko.transport": logging.CRITICAL,  # an error is a traceback, a record for each line
    "pymongo": logging.WARNING,
    "urllib3": logging.ERROR,  # we log retries ourselves
}

#: At DEBUG these log the content of the store, including secrets: never allow it.
WHOLE_DOCUMENTS = ("pymongo.command",)

#: Celery logs each task, beat each message: a scan has thousands of them.
PER_TASK = ("celery.app.trace", "celery.beat", "celery.worker.strategy")

_WORDS = "|".join(sorted(map(re.escape, SECRETS), key=len, reverse=True))
_URL_PASSWORD = re.compile(r"(://[^/@:\s]{0,256}):(?:[^/\s]{0,512}|[^@\s]{0,512})@")
_PAIR = re.compile(
    rf"""((?:["'](?:{_WORDS})["']\s*:\s*|\b(?:{_WORDS})=|\b(?:x-\w+-token|authorization):\s*))"""
    r"""("[^"]*"|'[^']*'|(?:(?:bearer|basic)\s+)?[^\s,;&}\]]+)""",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class StderrHandler(logging.StreamHandler[TextIO]):
    """Writes to the standard error of the moment, also after it was replaced."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        """Standard error."""
        return sys.stderr


@contextmanager
def log_context(**fields: str) -> Iterator[None]:
    """Put these fields on every line that this thread logs inside. Empty fields are left out."""
    with bound_contextvars(**{name: value for name, value in fields.items() if value}):
        yield


def bind_log(*, level: int = logging.INFO, **fields: str) -> None:
    """Begin a piece of work in this thread: its lines have these fields and no others.

    Lines below `level` are not stored with the scan (see `kept_level`).
    """
    _kept_level.set(level)
    clear_contextvars()
    bind_contextvars(**{name: value for name, value in fields.items() if value})


def unbind_log() -> None:
    """End it."""
    _kept_level.set(logging.INFO)
    clear_contextvars()


def kept_level() -> int:
    """Return the level from which lines of this thread are stored with its scan."""
    return _kept_level.get()


def setup_logging(
    level: int | str | None = None, config: Settings | None = None, *, libraries: bool = False
) -> None:
    """Make this process log to standard error. Calling it again replaces what it did before.

    The default level is that of the settings. Other handlers stay. With `libraries` it also logs
    the steps of our libraries, such as HTTP exchanges and SSH logins.
    """
    config = config or settings()
    level = level if level is not None else level_of(config.log_level)
    handler = StderrHandler()
    handler.setFormatter(formatter(json_lines=config.log_json))
    handler.setLevel(level)  # the loggers of a worker may pass more lines, for the log of a scan
    root = logging.getLogger()
    for old in [item for item in root.handlers if isinstance(item, StderrHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name, threshold in QUIET.items():
        logging.getLogger(name).setLevel(logging.NOTSET if libraries else threshold)
    for name in WHOLE_DOCUMENTS:
        logging.getLogger(name).setLevel(logging.INFO)
    for name in PER_TASK:
        quiet = root.level > logging.DEBUG
        logging.getLogger(name).setLevel(logging.WARNING if quiet else logging.DEBUG)


def level_of(word: str) -> int:
    """Return the number of a level by its name; INFO for any other word."""
    return logging.getLevelNamesMapping().get(word.strip().upper(), logging.INFO)


def formatter(*, json_lines: bool) -> ProcessorFormatter:
    """Turns any log record into a line."""
    render: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if json_lines
        else text_line
    )
    return ProcessorFormatter(foreign_pre_chain=_before(), processors=[*_after(), render])


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the masked fields of a line, for handlers that store lines."""
    event: Any = {"event": record.getMessage(), "_record": record, "_from_structlog": False}
    if record.exc_info:
        event["exc_info"] = record.exc_info
    for processor in (*_before(), *_after()):
        event = processor(None, "", event)
    return dict(event)


def masked_text(text: str) -> str:
    """Return the text without passwords in URLs and without values of secret keys."""
    return _PAIR.sub(rf"\1{MASK}", _URL_PASSWORD.sub(rf"\1:{MASK}@", text))


def text_line(_logger: Any, _name: str, event: Event) -> str:
    """Return one line for people; the traceback of an error follows it."""
    rest = dict(event)
    time, level, logger, message = (str(rest.pop(name, "")) for name in FIRST[:4])
    trace = str(rest.pop("exception", ""))
    fields = " ".join(f"{name}={_word(value)}" for name, value in rest.items())
    line = f"{time} {level.upper():<7} {logger}: {visible(message)}"
    line += f"  {fields}" if fields else ""
    return line + (f"\n{visible(trace, keep=chr(10))}" if trace else "")


def visible(text: str, keep: str = "") -> str:
    """Return text with visible control characters: data of a cloud must not forge lines."""
    return _CONTROL.sub(lambda c: c[0] if c[0] in keep else f"\\x{ord(c[0]):02x}", text)


# -- processors ----------------------------------------------------------------------------


def _before() -> list[Processor]:
    return [structlog.contextvars.merge_contextvars, ExtraAdder(), _free_names]


def _after() -> list[Processor]:
    return [
        _standard_fields,
        ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _mask,
        _in_order,
    ]


def _free_names(_logger: Any, _name: str, event: Event) -> Event:
    """Details that have the name of one of our fields: the level of a scan is not a log level."""
    for name in ("message", "asctime"):
        event.pop(name, None)  # the formatter of another handler leaves them on the record
    for name in ("level", "logger", "time"):
        if name in event:
            event[f"scan_{name}" if name == "level" else f"{name}_"] = event.pop(name)
    if str(event["_record"].name).startswith("celery"):
        event.pop("data", None)  # Celery's own context of the task, with its arguments
    return event


def _standard_fields(_logger: Any, _name: str, event: Event) -> Event:
    record: logging.LogRecord = event["_record"]
    moment = datetime.fromtimestamp(record.created, UTC)
    event["time"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event["level"] = record.levelname.lower()
    event["logger"] = record.name
    event["message"] = event.pop("event")
    return event


def _mask(_logger: Any, _name: str, event: Event) -> Event:
    for key, value in event.items():
        event[key] = MASK if key.lower() in SECRETS and value else _masked(value)
    return event


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return masked_text(_cut(value))
    if isinstance(value, Mapping):
        return {
            key: MASK if str(key).lower() in SECRETS and item else _masked(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return masked_text(_cut(str(value)))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"


def _in_order(_logger: Any, _name: str, event: Event) -> Event:
    known = {name: event[name] for name in FIRST if event.get(name) not in (None, "")}
    rest = {name: event[name] for name in sorted(event) if name not in FIRST}
    return known | rest


def _word(value: Any) -> str:
    """Return the value of a field as one word of a line, in quotes if necessary."""
    text = visible(str(value))
    return text if re.fullmatch(r"[^\s\"=]+", text) else '"' + text.replace('"', "'") + '"'
