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

from calipso.stores.monitoring.alert_store import AlertStore
from calipso.utils.clock import now

log = logging.getLogger(__name__)

#: Seconds to connect, and to answer.
TIMEOUT = (5.0, 10.0)
SIGNATURE = "X-Calipso-Signature"


def deliver(store: AlertStore | None = None) -> dict[str, int]:
    """Send the alerts that are due; returns how many were sent, failed and given up."""
    store = store or AlertStore()
    counts = {"sent": 0, "failed": 0, "given_up": 0}
    for alert in store.due(now()):
        webhook = store.opened(alert["webhook"])
        if webhook is None:
            store.sent(alert)
            continue
        problem = post(webhook, alert["body"], str(alert["_id"]))
        if not problem:
            store.sent(alert)
            counts["sent"] += 1
        elif store.failed(alert, problem):
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
        answer = requests.post(
            str(webhook["url_secret"]),
            data=text,
            headers=headers,
            timeout=TIMEOUT,
            allow_redirects=False,
            stream=True,
        )
        status = answer.status_code
        answer.close()
    except requests.RequestException as error:
        return type(error).__name__
    return "" if 200 <= status < 300 else f"answered {status}"


def place(url: str) -> str:
    """Return what of a URL may be shown: scheme and host. The path may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}"
