"""Reads the event stream of Icinga 2, and gives each line to the handlers.

A line names only host and service; the variables `calipso_*` of services are read once, and again
when a service is not known. After a break nothing is sent again by Icinga, so the present results
of all services are read once at each connect.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import requests

from calipso.errors import AccessError, ErrorKind
from calipso.limits.calls import Bounds
from calipso.limits.http import bounded_session
from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.json_text import loads
from monitoring.handlers.formats import take

log = logging.getLogger(__name__)

QUEUE = "calipso"
TYPES = ["CheckResult", "StateChange"]
#: Seconds to connect; seconds without a line, after which the stream is opened again.
CONNECT, SILENCE = 10.0, 300.0
#: Seconds between two attempts, growing.
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
#: Lines that are handled together, and the longest that counts.
BATCH, LONGEST = 200, 200_000


class Icinga:
    """One Icinga 2 with its API."""

    def __init__(self, url: str, user: str, password: str, ca_file: str = "") -> None:
        self.url = url.rstrip("/")
        self._session = bounded_session(Bounds(), CONNECT)
        self._session.auth = (user, password)
        self._session.verify = ca_file or True
        self._session.headers["Accept"] = "application/json"
        self._vars: dict[tuple[str, str], Document] = {}

    def services(self) -> Iterator[Document]:
        """Yield the present result of each service, as a line of the stream. Raises AccessError."""
        answer = self._ask("GET", "/v1/objects/services")
        for attributes in _services(answer.content):
            host, name = str(attributes.get("host_name")), str(attributes.get("name"))
            found = attributes.get("vars")
            self._vars[host, name] = dict(found) if isinstance(found, Mapping) else {}
            if attributes.get("last_check_result"):
                yield {
                    "type": "CheckResult",
                    "host": host,
                    "service": name,
                    "check_result": attributes["last_check_result"],
                    "vars": self._vars[host, name],
                }

    def lines(self) -> Iterator[Document]:
        """Yield lines of the stream with the variables of their services, until it breaks."""
        body = {"queue": QUEUE, "types": TYPES}
        with self._ask("POST", "/v1/events", json=body, stream=True) as answer:
            for line in short_lines(answer.iter_content(None)):
                try:
                    event = loads(line)
                except ValueError:
                    continue
                if isinstance(event, dict):
                    key = str(event.get("host")), str(event.get("service"))
                    if event.get("service") and key not in self._vars:
                        list(self.services())
                    yield event | {"vars": self._vars.get(key, {})}

    def _ask(self, method: str, path: str, **more: Any) -> requests.Response:
        try:
            answer = self._session.request(method, self.url + path, **more)
        except (requests.RequestException, OSError) as error:
            kind = ErrorKind.UNREACHABLE
            raise AccessError(f"{self.url}: {type(error).__name__}", kind=kind) from error
        if answer.status_code in (401, 403):
            hint = "Check the ApiUser and its permissions: events/*, objects/query/Service."
            raise AccessError(f"{self.url}: refused", kind=ErrorKind.LOGIN_FAILED, hint=hint)
        if answer.status_code != 200:
            kind = ErrorKind.UNEXPECTED_OUTPUT
            raise AccessError(f"{self.url}{path}: answered {answer.status_code}", kind=kind)
        return answer


def _services(body: bytes) -> Iterator[Mapping[str, Any]]:
    """The attributes of each service in an answer; what has another shape is left out."""
    try:
        found = loads(body)
    except ValueError:
        raise AccessError("icinga2: no JSON", kind=ErrorKind.UNEXPECTED_OUTPUT) from None
    results = found.get("results") if isinstance(found, Mapping) else None
    for item in results if isinstance(results, list) else ():
        attributes = item.get("attrs") if isinstance(item, Mapping) else None
        if isinstance(attributes, Mapping):
            yield attributes


def short_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a stream; what is longer than LONGEST is passed over.

    Raises AccessError when no line ends for SILENCE seconds, though bytes come.
    """
    rest, too_long, last = b"", False, time.monotonic()
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        if lines:
            last = time.monotonic()
        elif time.monotonic() - last > SILENCE:
            raise AccessError("icinga2: no line ends", kind=ErrorKind.TIMEOUT)
        for line in lines:
            if line.strip() and not too_long and len(line) <= LONGEST:
                yield line
            too_long = False
        if len(rest) > LONGEST:
            rest, too_long = b"", True


def follow(icinga: Icinga, environment: str, attempts: int = 0) -> int:
    """Handle what Icinga sends; returns the number of results when `attempts` connects are over.

    Without `attempts` it goes on for ever, also when Icinga is away for a while.
    """
    taken, tries, failed = 0, 0, 0
    while not attempts or tries < attempts:
        tries += 1
        try:
            taken += _handle(environment, list(icinga.services()))
            failed = 0
            for event in icinga.lines():
                taken += _handle(environment, [event])
        except (AccessError, requests.RequestException, OSError) as error:
            log.warning("icinga2: %s", error)
            failed += 1
        if not attempts or tries < attempts:
            time.sleep(PAUSES[min(failed, len(PAUSES) - 1)])
    return taken


def _handle(environment: str, events: list[Document]) -> int:
    for start in range(0, len(events), BATCH):
        take(InventoryMgr(), "icinga2", events[start : start + BATCH], environment)
    return len(events)
