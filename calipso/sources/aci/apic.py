"""Client of an APIC: log in, read all objects of a class, log out. Read only.

The addresses and the shape of answers are those of Cisco's REST API: `POST /api/aaaLogin.json`,
`GET /api/node/class/<class>.json` with `page`, `page-size`, `order-by` and `query-target-filter`;
an answer is `{"totalCount": "2", "imdata": [{"<class>": {"attributes": {...}}}, ...]}`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import urllib3
from requests import exceptions as http

from calipso.errors import AciAccessError, ErrorKind
from calipso.limits.calls import Bounds
from calipso.limits.dial import AddressRefused
from calipso.limits.http import bounded_session
from calipso.limits.memory import MemoryOver, json_size
from calipso.model.sections import AciSection
from calipso.utils.json_text import loads

Attributes = dict[str, str]

#: Objects of one page: the APIC's own limit for one answer is 100,000 objects.
PAGE = 1000
#: Pages of one list: a fabric has at most some hundred nodes with some hundred ports each.
MOST_PAGES = 500
#: Seconds after which a list does not end.
LIST_SECONDS = 900.0
_HINT_LOGIN = "Check user and pwd of section ACI."


class Apic:
    """One login at an APIC. Thread safe; `close` ends the login."""

    def __init__(
        self,
        section: AciSection,
        bounds: Bounds,
        timeout: float,
        count: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`timeout`: seconds until an answer begins. `bounds` end each call and bound answers."""
        host = f"[{section.host}]" if ":" in section.host else section.host
        self.base = f"https://{host}:{section.port}/api"
        self._section, self._timeout, self._bounds = section, timeout, bounds
        self._session = bounded_session(bounds, timeout, _too_long)
        self._session.verify = False if section.insecure else (section.ca_file or True)
        self._session.trust_env = False
        if section.insecure:  # somebody has decided it: no warning for each request
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._count = count
        self._token = ""
        self._lock = threading.Lock()

    def login(self) -> str:
        """Log in anew; returns the version of the APIC. Raises AciAccessError."""
        account = {"name": self._section.user, "pwd": self._section.pwd}
        url = f"{self.base}/aaaLogin.json"
        status, body = self._send("POST", url, json={"aaaUser": {"attributes": account}})
        if status in (401, 403):
            raise AciAccessError(
                f"{url}: login refused for {self._section.user}",
                kind=ErrorKind.LOGIN_FAILED,
                hint=_HINT_LOGIN,
                url=url,
            )
        found = _objects(body, "aaaLogin") if status == 200 else []
        if not found or not found[0].get("token"):
            raise self._not_an_apic(url, status, body)
        with self._lock:
            self._token = found[0]["token"]
        return found[0].get("version", "")

    def each(self, name: str, where: str = "") -> Iterator[Attributes]:
        """Attributes of every object of a class, page after page; `where` is a filter of the APIC.

        Raises AciAccessError, also when the list does not end.
        """
        url = f"{self.base}/node/class/{name}.json"
        seen, total, began, first = 0, 1, time.monotonic(), set[str]()
        for page in range(MOST_PAGES):
            params = {"order-by": f"{name}.dn", "page-size": str(PAGE), "page": str(page)}
            body = self._ask(url, params | ({"query-target-filter": where} if where else {}))
            found = _objects(body, name)
            place = found[0].get("dn", "") if found else ""
            if (place and place in first) or time.monotonic() - began > LIST_SECONDS:
                raise _endless(url, seen, page)
            first.add(place)
            yield from found
            seen += len(found)
            total = _total(body, url)
            if seen >= total:
                return
            if not found:
                raise AciAccessError(
                    f"{url}: {seen} of {total} objects came, then no more",
                    kind=ErrorKind.TRUNCATED,
                    hint="The fabric changed meanwhile, or the APIC is out of memory: scan again.",
                    retryable=True,
                    url=url,
                )
        raise AciAccessError(
            f"{url}: the list has {total} objects, more than {MOST_PAGES * PAGE} are not read",
            kind=ErrorKind.TRUNCATED,
            hint="No fabric has so many: is this an APIC?",
            url=url,
        )

    def close(self) -> None:
        """Forget the login. The APIC ends it after its own time."""
        self._session.close()

    # -- one request -------------------------------------------------------------------

    def _ask(self, url: str, params: Mapping[str, str]) -> Any:
        """The answer as JSON. Logs in at first use, and again when the login has ended."""
        if not self._token:
            self.login()
        token = self._token
        status, body = self._send("GET", url, params=params)
        if status == 403 and "token" in _error(body).lower():
            if self._token == token:  # no other thread has logged in since
                self.login()
            status, body = self._send("GET", url, params=params)
        if status != 200:
            raise self._refused(url, status, body)
        return body

    def _send(self, method: str, url: str, **words: Any) -> tuple[int, Any]:
        self._count("aci_requests")
        cookies = {"APIC-cookie": self._token} if self._token and method == "GET" else {}
        answer = None
        try:
            answer = self._session.request(
                method, url, timeout=self._timeout, allow_redirects=False, cookies=cookies, **words
            )
            return answer.status_code, self._parsed(url, answer.content)
        except (AddressRefused, MemoryOver) as error:
            raise AciAccessError(
                error.message, kind=error.kind, hint=error.hint, url=url
            ) from error
        except http.SSLError as error:
            raise AciAccessError(
                f"{url}: its certificate is not accepted: {_cause(error)}",
                kind=ErrorKind.TLS,
                hint="Set ca_file of section ACI to the CA that signed it, or insecure: true.",
                url=url,
            ) from error
        except (http.Timeout, TimeoutError) as error:
            raise self._unreached(url, ErrorKind.TIMEOUT, "does not answer in time") from error
        except (http.RequestException, OSError) as error:
            raise self._unreached(url, ErrorKind.UNREACHABLE, _cause(error)) from error
        except ValueError as error:  # no JSON; a token that no header can hold
            raise self._not_an_apic(url, getattr(answer, "status_code", 0), None) from error

    def _parsed(self, url: str, body: bytes) -> Any:
        """The values of an answer. What they take is held until the task that asked has ended."""
        with self._bounds.answer(url) as share:
            share.grow(json_size(body))
            found = loads(body)
            self._bounds.keep(share)
        return found

    # -- errors ------------------------------------------------------------------------

    def _unreached(self, url: str, kind: ErrorKind, why: str) -> AciAccessError:
        return AciAccessError(
            f"{url}: {why}",
            kind=kind,
            hint="Check host and port of section ACI, and the way from the workers to the APIC.",
            retryable=True,
            url=url,
        )

    def _refused(self, url: str, status: int, body: Any) -> AciAccessError:
        kind = ErrorKind.FORBIDDEN if status in (401, 403) else ErrorKind.SERVER_ERROR
        role = f"Give {self._section.user} the read-only role for the whole fabric (domain `all`)."
        return AciAccessError(
            f"{url}: the APIC answers {status}: {_error(body) or 'no reason'}",
            kind=kind,
            hint=role if kind is ErrorKind.FORBIDDEN else "See the log of the APIC.",
            retryable=kind is ErrorKind.SERVER_ERROR,
            url=url,
        )

    def _not_an_apic(self, url: str, status: int, body: Any) -> AciAccessError:
        said = _error(body)
        return AciAccessError(
            f"{url}: no APIC answers there (HTTP {status}{f': {said}' if said else ''})",
            kind=ErrorKind.UNEXPECTED_OUTPUT,
            hint="Check host and port of section ACI.",
            url=url,
        )


def _too_long(message: str, url: str) -> AciAccessError:
    return AciAccessError(
        message,
        kind=ErrorKind.UNEXPECTED_OUTPUT,
        hint="Is this an APIC? Check host and port of section ACI.",
        url=url,
    )


def _objects(body: Any, name: str) -> list[Attributes]:
    """The attributes of the objects of this class in an answer; what has another shape is none."""
    data = body.get("imdata") if isinstance(body, dict) else None
    found = []
    for item in data if isinstance(data, list) else ():
        part = item.get(name) if isinstance(item, dict) else None
        attributes = part.get("attributes") if isinstance(part, dict) else None
        if isinstance(attributes, dict):
            found.append({str(key): str(value) for key, value in attributes.items()})
    return found


def _endless(url: str, seen: int, pages: int) -> AciAccessError:
    return AciAccessError(
        f"{url}: the list does not end ({seen} objects on {pages} pages, then one of them again)",
        kind=ErrorKind.TRUNCATED,
        hint="Is this an APIC? Check host and port of section ACI.",
        url=url,
    )


def _total(body: Any, url: str) -> int:
    told = str(body.get("totalCount", "")) if isinstance(body, dict) else ""
    if not told.isdecimal() or len(told) > 9:
        raise AciAccessError(
            f"{url}: the answer has no totalCount",
            kind=ErrorKind.UNEXPECTED_OUTPUT,
            hint="Is this an APIC? Check host and port of section ACI.",
            url=url,
        )
    return int(told)


def _error(body: Any) -> str:
    """The reason that an APIC gives, on one line."""
    text = " ".join(item.get("text", "") for item in _objects(body, "error"))
    return "".join(sign if sign.isprintable() else " " for sign in text)[:200]


def _cause(error: BaseException) -> str:
    """The innermost reason of an error of requests."""
    inner: Any = error.args[0] if error.args else error
    inner = getattr(inner, "reason", inner)
    return str(inner).rpartition(">: ")[2][:200] or type(error).__name__
