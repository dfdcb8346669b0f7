"""Loaded into workers by `--include`: one message of a scan to the queue `cli` gets lost.

`$LOSE_FROM` is a file with the id of the scan; the process that drops the message removes it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from kombu.messaging import Producer

plain_publish = Producer.publish


def publish(self: Producer, body: Any, *args: Any, **kwargs: Any) -> Any:
    """Send a message, unless it is the one to lose."""
    path = Path(os.environ["LOSE_FROM"])
    about = str((kwargs.get("headers") or {}).get("argsrepr"))
    if kwargs.get("routing_key") == "cli" and path.exists() and path.read_text() in about:
        try:
            path.rename(path.with_suffix(".lost"))
        except FileNotFoundError:
            pass  # another process had it
        else:
            return None
    return plain_publish(self, body, *args, **kwargs)


if "LOSE_FROM" in os.environ:
    Producer.publish = publish
