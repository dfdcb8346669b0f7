"""EventFigures: numbers of the work on events, kept in the store so that each process may add.

They are fields of the document of an environment in `event_listeners`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from calipso.model.documents import Document
from calipso.stores.scans.listener_store import ListenerStore

#: Upper ends of the classes of the histogram of lags, in seconds.
LAGS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 900, 3600)
#: A lag that is larger, or negative, says only that clocks differ.
LARGEST = 86_400.0


class EventFigures(ListenerStore):
    """Adds to the numbers of one environment."""

    def rescan(self, environment: str, scope: str, outcome: str) -> None:
        """Count a look at a key."""
        self.add(environment, **{f"rescans__{scope}__{outcome}": 1})

    def retry(self, environment: str) -> None:
        """Count a key that is tried again."""
        self.add(environment, retries=1)

    def settled(self, environment: str, messages: Iterable[Document]) -> None:
        """Count the lags of messages that are done: from sent, and from received, to the first
        look that succeeded and to the last one.
        """
        numbers: dict[str, float] = {}
        for message in messages:
            for start in ("sent", "received"):
                for end in ("looked", "settled"):
                    lag = _seconds(message.get(start), message.get(end))
                    if lag is None:
                        continue
                    place = f"lags__{start}_{end}"
                    name = next((str(limit) for limit in LAGS if lag <= limit), "more")
                    for key, number in ((name, 1.0), ("sum", lag), ("count", 1.0)):
                        numbers[f"{place}__{key}"] = numbers.get(f"{place}__{key}", 0) + number
        if numbers:
            self.add(environment, **numbers)


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    """Return the time between two moments; None when clocks or the message make it senseless."""
    if start is None or end is None:
        return None
    lag = (end - start).total_seconds()
    return lag if 0 <= lag <= LARGEST else None
