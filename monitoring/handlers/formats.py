"""The formats of results: each has a name and a function that makes events of a payload."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from calipso.errors import CalipsoError
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.clock import now
from monitoring.handlers import alertmanager, icinga2, nagios, own, sensu_core, sensu_go
from monitoring.handlers.event import CheckEvent
from monitoring.handlers.handle import Handler, Taken, said

Normalise = Callable[[Mapping[str, Any], datetime], list[CheckEvent]]

#: Name of a format -> what brings a payload of it into our form.
FORMATS: dict[str, Normalise] = {
    "own": own.normalise,
    "sensu-core": sensu_core.normalise,
    "sensu-go": sensu_go.normalise,
    "alertmanager": alertmanager.normalise,
    "icinga2": icinga2.normalise,
    "nagios": nagios.normalise,
}


@dataclass(frozen=True)
class Answered:
    """What became of one payload: of its events, or why it was refused."""

    taken: tuple[Taken, ...] = ()
    problem: str = ""

    @property
    def word(self) -> str:
        """One word: `refused`, or the most important of what became of its events."""
        if self.problem:
            return "refused"
        order = (Taken.STORED, Taken.UNRESOLVED, Taken.NOTED, Taken.OLDER, Taken.UNCHANGED)
        return next((str(word) for word in order if word in self.taken), "empty")


def take(
    inv: InventoryMgr,
    name: str,
    payloads: Sequence[Mapping[str, Any]],
    environment: str,
    received: datetime | None = None,
) -> list[Answered]:
    """Handle payloads of one format for one environment; return what became of each.

    A payload that is wrong does not spoil the others. A result that names another environment is
    not resolved: whoever sends for one environment says nothing of another.
    """
    moment = received or now()
    events: list[CheckEvent] = []
    places: list[list[int]] = []
    problems: list[str] = []
    for payload in payloads:
        found: list[CheckEvent] = []
        problem = ""
        try:
            found = FORMATS[name](payload, moment)
        except CalipsoError as error:
            problem = error.message
        problems.append(problem)
        places.append(list(range(len(events), len(events) + len(found))))
        events += found
    mine = [at for at, one in enumerate(events) if one.about.environment in ("", environment)]
    given = [
        replace(events[at], about=replace(events[at].about, environment=environment)) for at in mine
    ]
    handler = Handler(inv, environment)
    answers = dict(zip(mine, handler.take(given), strict=True))
    foreign = [said(one.about) for at, one in enumerate(events) if at not in answers]
    handler.results.note_unresolved(environment, foreign)
    return [
        Answered(tuple(answers.get(at, Taken.UNRESOLVED) for at in own), problem)
        for own, problem in zip(places, problems, strict=True)
    ]
