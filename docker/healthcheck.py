"""Is this container well? `healthcheck.py api | flower | beat | events | worker NAME`.

Exit code 0 or 1.

A worker and beat touch a file while they live (docs/operate.md); the servers are asked.
"""

from __future__ import annotations

import os
import socket
import ssl
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

FRESH_SECONDS = 60.0
TIMEOUT = 5.0


def answers(url: str) -> bool:
    """The server of this container answers; its certificate names another host than loopback."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT, context=context) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError) as error:
        sys.stderr.write(f"{url}: {error}\n")
        return False


def touched(name: str) -> bool:
    """The sign of life is fresh."""
    path = Path(os.environ.get("CALIPSO_HOME", "/var/lib/calipso"), "run", f"heartbeat-{name}")
    try:
        age = time.time() - path.stat().st_mtime
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return False
    if age > FRESH_SECONDS:
        sys.stderr.write(f"{path}: no sign of life for {age:.0f} s\n")
    return age <= FRESH_SECONDS


def well(role: str, name: str = "sources") -> bool:
    """The check of a role."""
    if role == "api":
        scheme = "https" if os.environ.get("CALIPSO_API_CERTIFICATE") else "http"
        port = os.environ.get("API_BIND", ":8000").rpartition(":")[2]
        return answers(f"{scheme}://127.0.0.1:{port}/healthz")
    if role == "flower":
        return answers(f"http://127.0.0.1:{os.environ.get('FLOWER_PORT', '5555')}/healthcheck")
    if role in ("beat", "events"):
        return touched(role)
    return touched(f"{name}@{socket.gethostname()}")


if __name__ == "__main__":
    sys.exit(0 if well(*sys.argv[1:]) else 1)
