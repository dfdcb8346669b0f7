"""Errors of an OpenStack API, each with a kind and a hint."""

from __future__ import annotations

import json
import re

import requests
import urllib3
from keystoneauth1 import exceptions as ks
from requests import exceptions as http

from calipso.errors import ApiAccessError, ErrorKind
from calipso.limits.calls import CallOver
from calipso.limits.memory import MemoryOver
from calipso.sources.api.wrong_address import redirect_hint

#: Answers of a proxy or a service that is busy or restarting: another attempt may succeed.
BUSY = frozenset({429, 502, 503, 504})

#: One worker of the service may have failed, and the next one may answer.
INTERNAL_ERROR = 500

#: Where error documents of the services have their sentence.
_SAID = ("message", "faultstring", "detail", "title")
_LARGEST_ERROR = 1 << 16

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")

_KINDS = {401: ErrorKind.LOGIN_FAILED, 403: ErrorKind.FORBIDDEN, 404: ErrorKind.NOT_FOUND}

_HINTS = {
    ErrorKind.LOGIN_FAILED: "Check user, pwd, user_domain, project_domain and admin_project of the "
    "OpenStack section.",
    ErrorKind.FORBIDDEN: "The account needs the admin role on the project admin_project.",
    ErrorKind.NOT_FOUND: "Is this the right service? Compare the catalogue (openstack catalog "
    "list) with interface and region of the OpenStack section.",
    ErrorKind.SERVER_ERROR: "Look for the request id in the log of this service.",
    ErrorKind.UNREACHABLE: "Can this machine reach that address? See interface and endpoint_host "
    "of the OpenStack section, and firewalls.",
    ErrorKind.TIMEOUT: "The service is slow, or a firewall drops packets. CALIPSO_API_TIMEOUT "
    "allows more time.",
    ErrorKind.TLS: "Give ca_file of the OpenStack section the certificate of the authority that "
    "signed the service's; `insecure` turns the check off.",
    ErrorKind.TRUNCATED: "A proxy in between may cut long answers; a smaller CALIPSO_API_PAGE_SIZE "
    "makes them shorter.",
    ErrorKind.UNEXPECTED_OUTPUT: "Something other than an OpenStack service answers at this "
    "address: compare it with the catalogue.",
}


def problem(
    kind: ErrorKind,
    message: str,
    *,
    url: str = "",
    status: int | None = None,
    request_id: str = "",
    retryable: bool = False,
    once_more: bool = False,
) -> ApiAccessError:
    """An error of this kind with its usual hint."""
    return ApiAccessError(
        message,
        kind=kind,
        hint=_HINTS.get(kind, ""),
        retryable=retryable,
        status=status,
        url=url,
        request_id=request_id,
        once_more=once_more,
    )


def status_problem(
    url: str, status: int, request_id: str, said: str, location: str = ""
) -> ApiAccessError:
    """The error for an answer that is not 200; `said` is what the service says of it.

    `location` is where a redirect points.
    """
    kind = _KINDS.get(status, ErrorKind.SERVER_ERROR)
    if 300 <= status < 400:
        kind = ErrorKind.UNEXPECTED_OUTPUT
    id_text = f" (request {request_id})" if request_id else ""
    message = f"{url}: HTTP {status}{id_text}" + (f": {excerpt(said)}" if said else "")
    again = {"retryable": status in BUSY, "once_more": status == INTERNAL_ERROR}
    found = problem(kind, message, url=url, status=status, request_id=request_id, **again)
    if 300 <= status < 400 and location:
        found.hint = redirect_hint(url, location)
    return found


def transport_problem(url: str, error: Exception) -> ApiAccessError:
    """The error for a request that got no answer, or only a part of one."""
    if isinstance(error, ks.HttpError):
        status, request_id = int(error.http_status or 0), str(error.request_id or "")
        return status_problem(url, status, request_id, str(error.message))
    response = getattr(error, "response", None)
    if isinstance(error, ks.InvalidResponse) and response is not None:
        return _not_keystone(url, response)
    if isinstance(error, MemoryOver):
        found = problem(ErrorKind.UNEXPECTED_OUTPUT, error.message, url=url)
        found.hint = error.hint
        return found
    kind, retryable = _transport_kind(error)
    said = excerpt(str(error))
    if "BadStatusLine" in said:  # it repeats what was answered
        said = "the answer is not HTTP"
    silent = kind is ErrorKind.TIMEOUT and not isinstance(
        error if isinstance(error, CallOver) else error.__context__, http.ConnectTimeout | CallOver
    )
    return problem(kind, f"{url}: {said}", url=url, retryable=retryable, once_more=silent)


def said_by_keystone(error: Exception) -> bool:
    """True when what failed is a login that Keystone itself refused, with an error document."""
    response = getattr(error, "response", None)
    return isinstance(error, ks.HttpError) and bool(error_text(getattr(response, "content", b"")))


def _not_keystone(url: str, response: requests.Response) -> ApiAccessError:
    """The answer to a login that is no document of Keystone: a redirect, a page of HTML."""
    status = int(response.status_code)
    if status >= 300:
        return status_problem(url, status, "", "", str(response.headers.get("Location", "")))
    found = problem(ErrorKind.UNEXPECTED_OUTPUT, f"{url}: HTTP {status}, and no answer of Keystone")
    found.hint = "Check auth_url of the OpenStack section: openstack catalog show identity has it."
    return found


def malformed_login(url: str, error: Exception) -> ApiAccessError:
    """The answer to a login that is JSON, but no token with a catalogue as Keystone gives it."""
    cause = excerpt(f"{type(error).__name__}: {error}")
    found = problem(
        ErrorKind.UNEXPECTED_OUTPUT, f"{url}: no token as Keystone gives it ({cause})", url=url
    )
    found.hint = "Is auth_url of the OpenStack section a Keystone v3? A proxy may change answers."
    return found


def _transport_kind(error: Exception) -> tuple[ErrorKind, bool]:
    cause = getattr(error, "original", None) or error
    if isinstance(error, ks.SSLError | urllib3.exceptions.SSLError) or "TLS CA" in str(error):
        return ErrorKind.TLS, False
    if isinstance(error, ks.ConnectTimeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return ErrorKind.TIMEOUT, False
    if isinstance(cause, http.ChunkedEncodingError | urllib3.exceptions.HTTPError):
        return ErrorKind.TRUNCATED, True
    if isinstance(error, ks.ConnectFailure | OSError):
        return ErrorKind.UNREACHABLE, True
    return ErrorKind.UNEXPECTED_OUTPUT, False


def no_slot(url: str, service_type: str, why: str, seconds: float) -> ApiAccessError:
    """The limit of calls at once was reached, and none ended in the time allowed."""
    return ApiAccessError(
        f"{url}: no call to {service_type} came free within {seconds:g} s: {why}",
        kind=ErrorKind.TIMEOUT,
        hint="CALIPSO_API_PARALLEL limits the calls of all workers, CALIPSO_SLOT_WAIT is the "
        "patience. Does the service answer slowly?",
        url=url,
    )


def error_text(body: bytes) -> str:
    """What an error document of OpenStack says; empty for any other answer.

    A person who may edit an environment chooses the address and reads the message. So it must not
    show answers of other servers in the network of the workers.
    """
    try:
        document = json.loads(body[:_LARGEST_ERROR])
    except (ValueError, RecursionError):
        return ""
    found = document if isinstance(document, dict) else {}
    for holder in (found, *found.values()):
        inner = holder[0] if isinstance(holder, list) and holder else holder
        for word in _SAID if isinstance(inner, dict) else ():
            if isinstance(inner.get(word), str):
                return str(inner[word])
    return ""


def excerpt(text: str, size: int = 200) -> str:
    """The beginning of a text on one line, fit for a message."""
    return _CONTROL.sub(" ", text[:size]).strip()
