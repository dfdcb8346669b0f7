"""Too much of the inventory is older than the last scan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads
from calipso.topology.drift.facts import OF_HOSTS, Facts

#: Share of the objects of hosts that may be stale.
QUOTA = 0.1


class ManyStaleObjects(DriftRule):
    """More than a tenth of what hosts show could not be read again: answers rest on the past."""

    severity = DriftSeverity.MAJOR
    sentence = "Much of the inventory could not be read again."
    remedy = "See which hosts do not answer: `calipso scan show last`, `calipso env test ENV`."
    reads: ClassVar[Reads] = dict.fromkeys(sorted(OF_HOSTS), ()) | {"region": (), "host": ()}

    def find(self, facts: Facts) -> Iterator[Found]:
        """One finding for the environment, at its first region."""
        numbers: Counter[bool] = Counter()
        for name in OF_HOSTS:
            for item in facts.every(name):
                numbers[bool(item.get("stale_since"))] += 1
        stale, total = numbers[True], sum(numbers.values())
        places = sorted(facts.every("region"), key=lambda item: str(item["id"]))
        if not places or not total or stale <= QUOTA * total:
            return
        yield Found(
            places[0],
            f"{stale} of {total} objects of hosts could not be read again, of "
            f"{', '.join(sorted(facts.silent)[:5])}",
            since=min(facts.silent.values(), default=None),
        )
