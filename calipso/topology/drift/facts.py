"""Facts: the objects and links of an environment, as drift rules ask for them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property

from bson import ObjectId

from calipso.model.documents import Record

#: Fields that every rule may use of an object.
BASE = (
    "environment",
    "type",
    "id",
    "name",
    "object_name",
    "host",
    "project",
    "last_scanned",
    "stale_since",
)
#: Types that only the host itself can show.
OF_HOSTS = frozenset({"host_pnic", "vedge", "vconnector", "vservice", "vnic"})


class Facts:
    """What is known of one environment.

    `recent` are changes of the last days, oldest first. `troubled` are objects with problems.
    """

    def __init__(
        self,
        objects: Iterable[Record],
        links: Iterable[Record] = (),
        recent: Iterable[Record] = (),
        troubled: Iterable[Record] = (),
        as_of: datetime | None = None,
    ) -> None:
        self.as_of = as_of
        self.recent = list(recent)
        self._by_type: dict[str, dict[str, Record]] = defaultdict(dict)
        for item in objects:
            self._by_type[str(item["type"])][str(item["id"])] = item
        self._links: dict[str, list[Record]] = defaultdict(list)
        for link in links:
            self._links[str(link["link_type"])].append(link)
        self._problems: dict[str, list[tuple[Record, Record]]] = defaultdict(list)
        for item in troubled:
            for problem in item.get("problems") or ():
                self._problems[str(problem["code"])].append((item, problem))

    def of(self, *types: str) -> Iterator[Record]:
        """Objects of these types that the last scan of them could read."""
        for name in types:
            for item in self._by_type.get(name, {}).values():
                if not item.get("stale_since"):
                    yield item

    def every(self, object_type: str) -> Iterator[Record]:
        """Objects of a type, also those that could not be read again."""
        yield from self._by_type.get(object_type, {}).values()

    def get(self, object_type: str, item_id: object) -> Record | None:
        """One object by type and id, stale or not."""
        return self._by_type.get(object_type, {}).get(str(item_id))

    def links(self, link_type: str) -> list[Record]:
        """Links of a type."""
        return self._links.get(link_type, [])

    def problems(self, code: str) -> Iterator[tuple[Record, Record]]:
        """Objects that have a problem of this code, each with the problem."""
        yield from self._problems.get(code, ())

    def names(self, code: str, text: str) -> bool:
        """True when a problem of this code is about something of this id: it is told there."""
        return any(text in str(problem.get("message", "")) for _, problem in self.problems(code))

    def on_host(self, object_type: str, host: object) -> list[Record]:
        """Fresh objects of a type on a host."""
        return self._placed.get((object_type, str(host)), [])

    def is_read(self, host: object) -> bool:
        """True when the last scan read the host itself: something of it, and nothing is stale."""
        return str(host) in self._answering and str(host) not in self.silent

    @cached_property
    def silent(self) -> dict[str, datetime]:
        """Hosts of which something could not be read again, with the time since when."""
        found: dict[str, datetime] = {}
        for name in OF_HOSTS:
            for item in self.every(name):
                since, host = item.get("stale_since"), str(item.get("host") or "")
                if since and host:
                    found[host] = min(since, found.get(host, since))
        return found

    @cached_property
    def by_key(self) -> dict[ObjectId, Record]:
        """All objects by `_id`."""
        return {
            item["_id"]: item
            for some in self._by_type.values()
            for item in some.values()
            if "_id" in item
        }

    @cached_property
    def _placed(self) -> dict[tuple[str, str], list[Record]]:
        found: dict[tuple[str, str], list[Record]] = defaultdict(list)
        for name in self._by_type:
            for item in self.of(name):
                if item.get("host"):
                    found[name, str(item["host"])].append(item)
        return dict(found)

    @cached_property
    def _answering(self) -> frozenset[str]:
        return frozenset(
            str(item["host"]) for item in self.of(*OF_HOSTS) if item.get("host") is not None
        )
