"""One logged-in connection to an OpenStack: endpoints, retries, limits, microversions.

One per scan and process, shared by all API fetchers and their threads.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import urllib3
from keystoneauth1.exceptions import ClientException
from keystoneauth1.session import Session
from tenacity import RetryCallState, Retrying, stop_after_attempt, wait_random_exponential

from calipso.errors import ApiAccessError, ErrorKind
from calipso.limits.calls import Bounds
from calipso.limits.http import bounded_session
from calipso.limits.limits import limits
from calipso.limits.memory import MemoryOver, json_size
from calipso.model.environment import OpenStackSection
from calipso.settings import Settings
from calipso.sources.api.api_login import certificate, login_of, login_problem
from calipso.sources.api.api_problems import (
    error_text,
    malformed_login,
    no_slot,
    problem,
    said_by_keystone,
    status_problem,
    transport_problem,
)
from calipso.sources.api.catalogue import (
    checked_catalogue,
    endpoints_of,
    identity_root,
    interface_of,
    region_of_endpoint,
    without_version,
)
from calipso.sources.api.wrong_address import explained
from calipso.sources.records import BROKEN
from calipso.utils.json_text import loads

log = logging.getLogger(__name__)

#: Attempts for a service that is busy or restarting and for an answer that is cut off; then those
#: for a page that met an internal error or no answer in time.
ATTEMPTS = 3
ATTEMPTS_OF_A_PAGE = 2

Params = Mapping[str, Any]


def _too_long(message: str, url: str) -> ApiAccessError:
    return problem(ErrorKind.UNEXPECTED_OUTPUT, message, url=url)


class ApiClient:
    """Requests to the services of one cloud. Thread safe."""

    def __init__(
        self,
        section: OpenStackSection,
        settings: Settings,
        count: Callable[[str], None],
        bounds: Bounds | None = None,
    ) -> None:
        """`bounds`: those of the scan or test that asks."""
        self.bounds = bounds or Bounds()
        self.section = section
        self.settings = settings
        self._count = count
        self._identity = identity_root(section.identity_url())
        self._auth = login_of(section, f"{self._identity}/v3")
        # No redirects: a token must not go to an address that an answer names.
        self._session = Session(
            auth=self._auth,
            session=bounded_session(self.bounds, settings.api_timeout, _too_long),
            verify=(section.ca_file or True) if not section.insecure else False,
            cert=certificate(section),
            timeout=settings.api_timeout,
            redirect=False,
        )
        if section.insecure:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._login_lock = threading.Lock()
        self._refused: ApiAccessError | None = None
        self._versions: dict[tuple[str, str | None], tuple[int, int]] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections."""
        self._session.session.close()

    # -- login -------------------------------------------------------------------------

    def catalogue(self) -> list[dict[str, Any]]:
        """The service catalogue that came with the token; logs in at first use."""
        url = f"{self._identity}/v3/auth/tokens"
        with self._login_lock:
            catalogue: list[dict[str, Any]] = self._again(self._login, url)
        return catalogue

    def _login(self, url: str) -> list[dict[str, Any]]:
        if self._refused:
            raise self._refused
        try:
            if self._auth.auth_ref is None:
                self._count("api_calls")
            access = self._auth.get_access(self._session)
            access.will_expire_soon(0)  # each later call reads the time
            catalogue = checked_catalogue(access.service_catalog.catalog)
        except (ClientException, OSError, MemoryOver) as error:
            found = transport_problem(url, error)
            found = found if said_by_keystone(error) else explained(url, found, error)
            found = login_problem(self.section, found)
            found.once_more = False  # a login is no GET
            # Keystone locks the account after many attempts with a wrong password.
            if found.kind in (ErrorKind.LOGIN_FAILED, ErrorKind.FORBIDDEN, ErrorKind.TLS):
                self._refused = found
            raise found from error
        except BROKEN as error:
            self._auth.invalidate()
            raise malformed_login(url, error) from error
        return catalogue

    def project(self) -> str:
        """Name of the project this login is for. Raises ApiAccessError when there is none."""
        self.catalogue()
        access = self._auth.get_access(self._session)
        if not access.project_name:
            raise problem(
                ErrorKind.FORBIDDEN,
                f"{self._identity}: the login of {self.section.account} is not for a project",
                url=self._identity,
            )
        return str(access.project_name)

    def endpoint(self, service_type: str, region: str | None) -> str:
        """Address of a service without version, reached as the OpenStack section says."""
        catalogue = self.catalogue()
        if service_type == "identity":
            return self._identity
        entries = [
            endpoint
            for endpoint in endpoints_of(catalogue, service_type)
            if region is None or region_of_endpoint(endpoint) == region
        ]
        for entry in entries:
            if interface_of(entry) == self.section.interface:
                return self._reachable(service_type, str(entry.get("url")))
        offered = ", ".join(sorted({interface_of(entry) for entry in entries})) or "none"
        raise problem(
            ErrorKind.NOT_FOUND,
            f"{self._identity}: the catalogue has no {self.section.interface} endpoint of "
            f"{service_type} in region {region or 'any'} (interfaces there: {offered})",
            url=self._identity,
        )

    def _reachable(self, service_type: str, url: str) -> str:
        """The address to ask at. Raises ApiAccessError for one that belongs to no service."""
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname)
            port = parts.port
        except ValueError:
            usable = False
        if not usable or "@" in parts.netloc or parts.query or parts.fragment:
            raise problem(
                ErrorKind.UNEXPECTED_OUTPUT,
                f"{self._identity}: the {self.section.interface} endpoint of {service_type} in "
                "the catalogue is no plain http(s) address",
                url=self._identity,
            )
        host = self.section.endpoint_host
        if host:
            host = f"[{host}]" if ":" in host else host
            parts = parts._replace(netloc=f"{host}:{port}" if port else host)
        return without_version(urlunsplit(parts))

    # -- requests ----------------------------------------------------------------------

    def ask(
        self,
        service_type: str,
        path: str,
        *,
        region: str | None = None,
        params: Params | None = None,
        microversion: str | None = None,
    ) -> Any:
        """The JSON answer to a GET.

        Busy services and broken connections are asked up to three times; an internal error, or an
        answer that does not come in time, gets a second attempt. So one page that fails does not
        cost a long list.
        """
        url = self.endpoint(service_type, region) + path
        version = self._offered(service_type, region, microversion) if microversion else None
        return self._again(self._once, service_type, url, params or {}, version)

    def _again(self, call: Callable[..., Any], *args: Any) -> Any:
        retrying = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.3, max=5),
            retry=_is_worth_another,
            reraise=True,
        )
        return retrying(call, *args)

    def _once(self, service_type: str, url: str, params: Params, version: str | None) -> Any:
        began = time.monotonic()
        with self._slot(service_type, url):
            self._count("api_calls")
            try:
                answer = self._session.get(
                    url,
                    params=dict(params),
                    headers={"Accept": "application/json"},
                    raise_exc=False,
                    log=False,
                    microversion=version,
                    microversion_service_type=service_type,
                )
            except (ClientException, OSError, MemoryOver) as error:
                raise explained(url, transport_problem(url, error), error) from error
        body = answer.content
        request_id = str(answer.headers.get("X-Openstack-Request-Id", ""))
        told = {"status": answer.status_code, "bytes": len(body), "request_id": request_id}
        log.debug("GET %s", url, extra=told | {"seconds": round(time.monotonic() - began, 3)})
        if answer.status_code != 200:
            location = str(answer.headers.get("Location", ""))
            text = error_text(body)
            found = status_problem(url, answer.status_code, request_id, text, location)
            raise found if text else explained(url, found)
        return self._parsed(url, body, request_id)

    def _parsed(self, url: str, body: bytes, request_id: str) -> Any:
        """The values of an answer. What they take is held until the task that asked has ended."""
        try:
            with self.bounds.answer(url) as share:
                share.grow(json_size(body))
                found = parse(url, body, request_id)
                self.bounds.keep(share)
        except MemoryOver as error:
            raise transport_problem(url, error) from error
        return found

    @contextmanager
    def _slot(self, service_type: str, url: str) -> Iterator[None]:
        """Hold a slot: the right to one of the calls that this service gets at the same time."""
        config = self.settings
        name = f"api {self._identity} {service_type}"
        try:
            slot = limits(config).take(name, config.api_parallel, config.slot_wait)
        except TimeoutError as error:
            raise no_slot(url, service_type, str(error), config.slot_wait) from error
        try:
            yield
        finally:
            slot.release()

    def _offered(self, service_type: str, region: str | None, wanted: str) -> str | None:
        """The microversion to ask for: the wanted one, or the newest of an older service."""
        key = (service_type, region)
        if key not in self._versions:
            body = self.ask(service_type, "/v2.1/", region=region)
            version = body.get("version") if isinstance(body, dict) else None
            newest = str(version.get("version") or "") if isinstance(version, dict) else ""
            self._versions[key] = _number(newest)
        chosen = min(self._versions[key], _number(wanted))
        return f"{chosen[0]}.{chosen[1]}" if chosen > (0, 0) else None


def _is_worth_another(state: RetryCallState) -> bool:
    """True when a failed attempt should be followed by another one."""
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, ApiAccessError):
        return False
    return error.retryable or (error.once_more and state.attempt_number < ATTEMPTS_OF_A_PAGE)


def _number(version: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def parse(url: str, body: bytes, request_id: str = "") -> Any:
    """JSON of an answer; one that breaks off is `truncated`, anything else unexpected."""
    try:
        return loads(body)
    except ValueError as error:
        cut = body.lstrip()[:1] in (b"{", b"[") and body.rstrip()[-1:] not in (b"}", b"]")
        kind = ErrorKind.TRUNCATED if cut else ErrorKind.UNEXPECTED_OUTPUT
        raise problem(
            kind,
            f"{url}: the answer {'breaks off' if cut else 'is not JSON'} ({len(body)} bytes)",
            url=url,
            request_id=request_id,
            retryable=cut,
        ) from error
