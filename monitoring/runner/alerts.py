"""Alerts: what waits is sent to its webhook, signed, and again later when that fails."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

from calipso.errors import AccessError
from calipso.limits.calls import Bounds
from calipso.limits.http import bounded_session
from calipso.stores.monitoring.alert_store import AlertStore
from calipso.utils.clock import now

log = logging.getLogger(__name__)

#: Seconds until an answer begins, besides those to connect.
TIMEOUT = 10.0
SIGNATURE = "X-Calipso-Signature"


def deliver(store: AlertStore | None = None) -> dict[str, int]:
    """Send the alerts that are due; returns how many were sent, failed and given up.

    A webhook that failed is left alone until the next time: others wait for it only once.
    """
    store = store or AlertStore()
    counts = {"sent": 0, "failed": 0, "given_up": 0}
    failed: set[str] = set()
    for alert in store.due(now()):
        if alert["webhook"] in failed:
            continue
        webhook = store.opened(alert["webhook"])
        if webhook is None:
            store.sent(alert)
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
    attempt, so that a receiver can leave out what it has.
    """
    text = json.dumps(body, sort_keys=True).encode()
    headers = {"Content-Type": "application/json", "X-Calipso-Alert": key}
    secret = str(webhook.get("secret") or "")
    if secret:
        digest = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
        headers[SIGNATURE] = f"sha256={digest}"
    try:
        with bounded_session(Bounds(), TIMEOUT) as session:
            answer = session.post(
                str(webhook["url_secret"]),
                data=text,
                headers=headers,
                allow_redirects=False,
                stream=True,  # nobody reads the answer
            )
            status = answer.status_code
            answer.close()
    except (requests.RequestException, OSError, ValueError) as error:
        return type(error).__name__
    except AccessError as error:
        return str(error.kind)
    return "" if 200 <= status < 300 else f"answered {status}"


def place(url: str) -> str:
    """Return what of a URL may be shown: scheme and host. The path may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}"
