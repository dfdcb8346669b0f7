"""FindLinks: the base of every class that finds links between inventory objects.

A finder reads object types of one environment, joins them in memory and fills a buffer of link
documents; the engine stores the buffer in bulk. Nothing here writes to the database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Literal, TypedDict, cast

from bson import ObjectId

from calipso.discover.host_part import HostPart
from calipso.errors import ErrorKind
from calipso.model.clique import CliqueConstraint, CliqueType
from calipso.model.documents import Document
from calipso.model.environment import Environment
from calipso.model.inventory import link_key, object_key
from calipso.model.link import Link
from calipso.model.scan import Problem
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.topology.plugs import Fault

#: Fields read of every object, besides those a finder asks for.
COMMON_FIELDS = ("environment", "type", "id", "name", "object_name", "host")


class ScanInfo(TypedDict, total=False):
    """What a finder may know of the scan besides the inventory."""

    environment: Environment
    clique_types: list[CliqueType]
    clique_constraints: list[CliqueConstraint]
    #: True: find implicit links even when no clique type of the environment needs them.
    implicit_links: bool


class FindLinks:
    """Finds links of one or more types. Subclasses define `add_links(self)`."""

    #: True: reads links that the other finders stored, so it runs after all of them.
    after_others: ClassVar[bool] = False
    #: `cloud`: joins objects of the whole environment, and finds all its links again each time.
    #: `host`: each link, and each problem, is of one host (its field `host`), and depends only on
    #: objects of this host, with look-ups by key into what belongs to the whole cloud. Then links
    #: of some hosts can be found again without the others, see `HostPart`.
    scope: ClassVar[Literal["host", "cloud"]] = "cloud"
    #: Object types on which the links depend; None: on any.
    reads: ClassVar[frozenset[str] | None] = None

    def __init__(self) -> None:
        self.inv = InventoryMgr()
        self.env = ""
        self.scan: ScanInfo = {}
        self._found: dict[tuple[str, frozenset[str]], list[Document]] = {}
        self._links: dict[ObjectId, Link] = {}
        self._part: HostPart | None = None
        #: Faults of objects that the last run found.
        self.problems: list[Problem] = []
        #: (type, id, code) of problems that the last run could neither find nor rule out.
        self.unknown: set[tuple[str, str, str]] = set()

    def bind(
        self,
        env: str,
        inv: InventoryMgr,
        scan: ScanInfo | None = None,
        hosts: Collection[str] | None = None,
    ) -> None:
        """Attach this finder to an environment, its inventory and the running scan.

        `hosts`: it shall find the links of these hosts only. Its scope must be `host`.
        """
        self.env, self.inv, self.scan = env, inv, scan or {}
        self._found, self._links = {}, {}
        self._part = None if hosts is None else HostPart(inv, env, hosts)

    def get_env(self) -> str:
        """Name of the environment in which the finder looks for links."""
        return self.env

    def add_links(self) -> None:
        """Find the links: the only entry point a finder has to define."""
        raise NotImplementedError(f"{type(self).__name__}.add_links")

    def run(self) -> list[Link]:
        """Call `add_links` and return what it found, each link once, in a stable order."""
        self._links, self._found, self.problems, self.unknown = {}, {}, [], set()
        self.add_links()
        links, self._links, self._found = self._links, {}, {}
        return [links[key] for key in sorted(links)]

    def is_of(self, host: str) -> bool:
        """True for a host whose links this run shall find."""
        return self._part is None or host in self._part.hosts

    def find(self, object_type: str, fields: Iterable[str] | None = None) -> list[Document]:
        """Return all objects of a type; with `fields`, only these fields and the common ones.

        A run reads each type once and keeps the answer.
        """
        wanted = frozenset() if fields is None else frozenset((*COMMON_FIELDS, *fields))
        key = (object_type, wanted)
        if key not in self._found:
            source = self._part or self.inv
            self._found[key] = source.find(self.env, object_type, sorted(wanted))
        return self._found[key]

    def nics(self, fields: Iterable[str] = ()) -> dict[tuple[str, str], Document]:
        """Return the NICs of all hosts by host and name, with their state and these fields."""
        found = self.find("host_pnic", ["state", *fields])
        return {(str(nic.get("host")), str(nic["name"])): nic for nic in found}

    def each(self, object_type: str, fields: Iterable[str] | None = None) -> Iterator[Document]:
        """Yield the same objects one by one and keep none: for types with many objects."""
        wanted = () if fields is None else sorted({*COMMON_FIELDS, *fields})
        if self._part is not None:
            return iter(self._part.find(self.env, object_type, wanted))
        return self.inv.each(self.env, object_type, wanted)

    def problem(self, obj: Mapping[str, Any], *, code: str, message: str, hint: str = "") -> None:
        """Report a fault of an object; `code` is one of `problem_codes.CODES`.

        The problem stays on the object until this finder runs again and does not report it, nor
        says that it `may_have` it.
        """
        self.problems.append(
            Problem(
                kind=str(ErrorKind.UNEXPECTED_OUTPUT),
                message=message,
                hint=hint,
                host=str(obj.get("host") or ""),
                warning=True,
                code=code,
                object_type=str(obj["type"]),
                object_id=str(obj["id"]),
            )
        )

    def may_have(self, obj: Mapping[str, Any], *codes: str) -> None:
        """Say that nobody knows whether an object has these problems: what would show them was not
        read. Those that are stored stay."""
        self.unknown |= {(str(obj["type"]), str(obj["id"]), code) for code in codes}

    def link(
        self,
        source_doc: Mapping[str, Any],
        target_doc: Mapping[str, Any],
        *,
        link_type: str | None = None,
        link_name: str = "",
        state: str = "unknown",
        host: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        source_label: str = "",
        target_label: str = "",
        link_weight: int = 0,
        implicit: bool = False,
    ) -> None:
        """Link two objects; type and host are taken from them unless given."""
        self.create_link(
            env=self.env,
            source=_key(self.env, source_doc),
            source_id=source_doc["id"],
            target=_key(self.env, target_doc),
            target_id=target_doc["id"],
            link_type=link_type or f"{source_doc['type']}-{target_doc['type']}",
            link_name=link_name,
            state=state,
            link_weight=link_weight,
            source_label=source_label,
            target_label=target_label,
            host=host or source_doc.get("host") or target_doc.get("host"),
            attributes=attributes,
            implicit=implicit,
        )

    def create_link(
        self,
        env: str,
        source: ObjectId,
        source_id: str,
        target: ObjectId,
        target_id: str,
        link_type: str,
        link_name: str,
        state: str,
        link_weight: int,
        source_label: str = "",
        target_label: str = "",
        host: str | None = None,
        switch: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        implicit: bool = False,
    ) -> None:
        """Buffer one link, given in full. The same link found again replaces the earlier."""
        document: dict[str, Any] = {
            "_id": link_key(env, link_type, source, target, link_name),
            "environment": env,
            "link_type": link_type,
            "link_name": link_name,
            "source": source,
            "source_id": source_id,
            "source_label": source_label,
            "target": target,
            "target_id": target_id,
            "target_label": target_label,
            "state": state,
            "link_weight": link_weight,
            "implicit": implicit,
            "attributes": dict(attributes or {}),
            "host": host or "",
            "finder": type(self).__name__,
        }
        document |= {"switch": switch} if switch else {}
        self._links[document["_id"]] = cast(Link, document)

    def create_links(self, links: Iterable[Mapping[str, Any]]) -> None:
        """Buffer many links, each a mapping of `create_link`'s arguments."""
        for link in links:
            self.create_link(**link)


def _key(env: str, document: Mapping[str, Any]) -> ObjectId:
    found = document.get("_id")
    if isinstance(found, ObjectId):
        return found
    return object_key(env, document["type"], document["id"])


def joined_state(*states: Any) -> str:
    """Return the state of a link by the states of its ends.

    It is down if one end is down, otherwise up if one end is up, otherwise unknown.
    """
    known = {str(state).lower() for state in states if state}
    if "down" in known:
        return "down"
    return "up" if "up" in known else "unknown"


def with_reason(attributes: Mapping[str, Any], fault: Fault | None) -> dict[str, Any]:
    """Return the attributes of a link with the reason why it is not up."""
    return dict(attributes) if fault is None else {**attributes, "reason": fault.reason}


def network_attribute(value: Any) -> dict[str, Any]:
    """Return `{"network": id or ids}`; empty when nobody knows whose traffic the link carries."""
    return {} if value is None or value == "" else {"network": value}


def carried_networks(value: Any) -> dict[str, Any]:
    """Return the same for a device.

    A device of an unknown network (an orphan) carries no traffic.
    """
    return {"network": value or []}
