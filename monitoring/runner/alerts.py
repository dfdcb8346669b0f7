"""Alerts: what waits is sent to its webhook, signed, and again later when that fails."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from bson import ObjectId

from calipso.errors import AccessError
from calipso.limits.calls import Bounds, CallOver
from calipso.limits.dial import AddressRefused
from calipso.limits.http import bounded_session
from calipso.stores.monitoring.alert_store import AlertStore
from calipso.utils.clock import now

log = logging.getLogger(__name__)

#: Seconds to connect, and again until the answer begins.
TIMEOUT = 5.0
#: Seconds for which one run begins to send.
RUN = 30.0
SIGNATURE = "X-Calipso-Signature"


def deliver(store: AlertStore | None = None, most: int = 500) -> dict[str, int]:
    """Send the alerts that are due; returns how many were sent, failed and given up.

    A webhook that fails is left alone for the rest of the run, so that it delays no other.
    """
    store = store or AlertStore()
    counts = {"sent": 0, "failed": 0, "given_up": 0}
    failed: set[ObjectId] = set()
    began = time.monotonic()
    while sum(counts.values()) < most and time.monotonic() - began < RUN:
        alert = store.next_due(now(), failed)
        if alert is None:
            break
        webhook = store.opened(alert["webhook"])
        if webhook is None:
            store.forget(alert)
            continue
        problem = post(webhook, alert["body"], str(alert["_id"]))
        if not problem:
            store.sent(alert)
            counts["sent"] += 1
            continue
        failed.add(alert["webhook"])
        if store.failed(alert, problem):
            counts["failed"] += 1
        else:
            counts["given_up"] += 1
            log.warning("webhook %s: an alert is given up: %s", webhook["name"], problem)
    return counts


def post(webhook: Mapping[str, Any], body: Mapping[str, Any], key: str) -> str:
    """Send one alert; returns why it did not arrive, without the address; empty when it did.

    The signature is the HMAC-SHA256 of the body with the secret. The id stays the same for each
    attempt, so that a receiver can leave out what it has. The address must be one that workers may
    connect to; a redirection is not followed, and no proxy is asked.
    """
    text = json.dumps(body, sort_keys=True).encode()
    headers = {"Content-Type": "application/json", "X-Calipso-Alert": key}
    secret = str(webhook.get("secret") or "")
    if secret:
        digest = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
        headers[SIGNATURE] = f"sha256={digest}"
    try:
        with bounded_session(Bounds(), TIMEOUT) as session:
            session.trust_env = False  # no password of .netrc, and no proxy around the check
            url = str(webhook["url_secret"])
            answer = session.post(
                url,
                data=text,
                headers=headers,
                allow_redirects=False,
                stream=True,  # nobody reads the answer
            )
            status = answer.status_code
            answer.close()
    except AddressRefused as error:
        return str(error)
    except CallOver:
        return "no answer in time"
    except AccessError as error:
        return str(error.kind)
    except (requests.RequestException, OSError, ValueError) as error:
        return type(error).__name__
    return "" if 200 <= status < 300 else f"answered {status}"


def place(url: str) -> str:
    """Return what of a URL may be shown: scheme and host. The path may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}"
