"""Finds out what is behind an address that does not answer as an OpenStack service.

The error of a client library (`RemoteDisconnected`, HTTP 400) does not say which setting is wrong.
So this module asks the address once more, with TLS or without, and the hint has evidence.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies

from calipso.errors import ApiAccessError, ErrorKind
from calipso.limits.calls import Bounds, CallOver
from calipso.limits.dial import dial
from calipso.limits.memory import MemoryOver

#: Errors after which something else than HTTP may be behind an http address.
_NOT_HTTP = frozenset({ErrorKind.UNEXPECTED_OUTPUT, ErrorKind.TRUNCATED, ErrorKind.UNREACHABLE})
#: What OpenSSL says of an answer that is no TLS.
_NOT_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "HTTP_REQUEST")

_PATIENCE = 3.0
_SET = (
    "in auth_url (or use_tls) of the OpenStack section; for an address of the catalogue, in the "
    "endpoint (openstack endpoint set --url)."
)


def explained(url: str, error: ApiAccessError, cause: object = "") -> ApiAccessError:
    """The error, with the setting to change when the address is of another kind than it says.

    `cause` is what the client library raised.
    """
    if isinstance(cause, CallOver | MemoryOver):
        pass  # what answers there did so at length
    elif through_proxy(url):
        error.hint += (
            f" Requests to {urlsplit(url).hostname} go through the proxy of HTTP_PROXY or "
        )
        error.hint += "HTTPS_PROXY of the workers: NO_PROXY takes hosts out."
    elif url.startswith("http://") and _may_be_tls(error) and speaks_tls(url):
        error.message = f"{url}: this port speaks TLS, and http:// was used"
        error.hint, error.kind, error.retryable = f"Use https:// {_SET}", ErrorKind.TLS, False
    elif url.startswith("https://") and any(word in str(cause) for word in _NOT_TLS):
        error.message = f"{url}: this port speaks plain HTTP, and https:// was used"
        error.hint, error.kind, error.retryable = f"Use http:// {_SET}", ErrorKind.TLS, False
    elif error.status == 400:
        error.hint = (
            f"Something other than an OpenStack service answers. Check http or https {_SET}"
        )
    error.args = (error.message,)
    return error


def _may_be_tls(error: ApiAccessError) -> bool:
    """True for a broken answer and for a bad request: servers answer plain HTTP with one."""
    return error.kind in _NOT_HTTP or error.status == 400


def through_proxy(url: str) -> bool:
    """True when the environment of this process sends requests for this address to a proxy."""
    return bool(get_environ_proxies(url, no_proxy=None).get(urlsplit(url).scheme))


def speaks_tls(url: str) -> bool:
    """True when a TLS handshake with the port succeeds. The certificate does not matter here."""
    parts = urlsplit(url)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with suppress(OSError, ValueError):
        address = (parts.hostname or "", parts.port or 80)
        with (
            Bounds().call(url, _PATIENCE) as call,
            dial(*address, _PATIENCE, call) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname),
        ):
            return True
    return False


def redirect_hint(url: str, location: str) -> str:
    """The setting to change for a redirect; it names no other host, which may be internal."""
    target = urlsplit(location)
    if target.hostname not in (None, urlsplit(url).hostname):
        return "It redirects to another host. " + _REDIRECT
    there = f"{target.scheme or urlsplit(url).scheme}://{target.netloc or urlsplit(url).netloc}"
    return f"It redirects to {there}{target.path}. {_REDIRECT}"


_REDIRECT = (
    "Redirects are not followed, so that a token never goes where an answer points: give the final "
    "address in auth_url of the OpenStack section, or in the endpoint of the catalogue."
)
