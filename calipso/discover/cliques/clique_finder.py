"""CliqueFinder: the graph of what each focal point depends on, down to the wire.

The finder takes links as data; the walk itself is in `calipso.topology.adjacency`. Each process
makes one finder per scan and asks it for portions of focal points.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bson import ObjectId

from calipso.model.clique import Clique, CliqueConstraint, CliqueType
from calipso.model.environment import Environment
from calipso.model.inventory import clique_key
from calipso.model.scan import Problem
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.topology.adjacency import LINK_FIELDS, Adjacency, Walked, both_ways

ANY = "ANY"

#: Most links and objects in the cliques of one portion. One larger clique is a portion by itself.
PORTION = 50_000

#: Settings of an environment that a clique type may name, and the points for each that agrees.
PREFERENCES = (
    ("distribution", 32),
    ("distribution_version", 16),
    ("mechanism_drivers", 8),
    ("type_drivers", 4),
)


def score(clique_type: Mapping[str, Any], environment: Environment) -> int:
    """Return how well a clique type fits an environment, in points; 0: it does not fit.

    Every setting that the type names must agree with the environment, and its points are added. A
    type that names the environment gets 64 points more, a type for ANY gets 1. A type that names
    only the environment type gets at least 2.
    """
    named = clique_type.get("environment")
    if named and named not in (ANY, environment.name):
        return 0
    wanted_type = clique_type.get("environment_type")
    if wanted_type and wanted_type != environment.environment_type:
        return 0
    # a version counts only together with its distribution
    ignored = () if clique_type.get("distribution") else ("distribution_version",)
    total = 0
    for name, worth in PREFERENCES:
        wanted = clique_type.get(name)
        if not wanted or name in ignored:
            continue
        if not _has(getattr(environment, name), wanted):
            return 0
        total += worth
    if named:
        return total + (64 if named == environment.name else 1)
    return max(total, 2)


def _has(actual: Any, wanted: Any) -> bool:
    have = set(actual) if isinstance(actual, list) else {actual}
    return bool(have & (set(wanted) if isinstance(wanted, list) else {wanted}))


def select_clique_types(
    environment: Environment, clique_types: Iterable[CliqueType]
) -> tuple[dict[str, CliqueType], list[Problem]]:
    """Return the best clique type of each focal point type, and problems to report.

    If several fit equally well, the first one is used and a problem reports the others.
    """
    ranked: dict[str, list[tuple[int, CliqueType]]] = {}
    for clique_type in clique_types:
        found = ranked.setdefault(clique_type["focal_point_type"], [])
        found.append((score(clique_type, environment), clique_type))
    chosen: dict[str, CliqueType] = {}
    problems: list[Problem] = []
    for focal_type, candidates in ranked.items():
        best = max(points for points, _ in candidates)
        winners = [clique_type for points, clique_type in candidates if points == best]
        if best == 0:
            problems.append(_told(f"no clique type for {focal_type} fits {environment.name}"))
            continue
        chosen[focal_type] = winners[0]
        if len(winners) > 1:
            names = ", ".join(item["name"] for item in winners)
            problems.append(
                _told(
                    f"{len(winners)} clique types for {focal_type} fit {environment.name} equally "
                    f"well: {names}; the first is used"
                )
            )
    return chosen, problems


def _told(message: str) -> Problem:
    return Problem(
        kind="clique_type",
        message=message,
        hint="Name the environment in one of them (clique_types.json).",
        warning=True,
    )


class CliqueFinder:
    """Builds the cliques of one environment from its links."""

    def __init__(
        self,
        environment: Environment,
        clique_types: Iterable[CliqueType],
        clique_constraints: Iterable[CliqueConstraint],
        links: Iterable[Mapping[str, Any]],
    ) -> None:
        self.environment = environment
        self.clique_types, self.problems = select_clique_types(environment, clique_types)
        self.constraint_names = {
            item["focal_point_type"]: list(item["constraints"]) for item in clique_constraints
        }
        self.adjacency = Adjacency(
            links,
            constraint_names=[n for names in self.constraint_names.values() for n in names],
            link_types=[t for chosen in self.clique_types.values() for t in chosen["link_types"]],
        )

    @classmethod
    def from_inventory(
        cls,
        environment: Environment,
        clique_types: Iterable[CliqueType],
        clique_constraints: Iterable[CliqueConstraint],
        inv: InventoryMgr,
    ) -> CliqueFinder:
        """Return a finder that has read the stored links of the environment once."""
        types = list(clique_types)
        chosen, _ = select_clique_types(environment, types)
        wanted = both_ways(name for found in chosen.values() for name in found["link_types"])
        links = inv.each_link(environment.name, wanted, LINK_FIELDS)
        return cls(environment, types, clique_constraints, links)

    @classmethod
    def around(
        cls,
        environment: Environment,
        clique_types: Iterable[CliqueType],
        clique_constraints: Iterable[CliqueConstraint],
        inv: InventoryMgr,
    ) -> CliqueFinder:
        """Return a finder that reads the links of an object when a walk comes to it."""
        finder = cls(environment, clique_types, clique_constraints, ())

        def read(keys: Sequence[ObjectId]) -> Iterable[Mapping[str, Any]]:
            return inv.links_at(keys, LINK_FIELDS)

        finder.adjacency.read_links_by(read)
        return finder

    def find_near(self, focal_points: Sequence[Mapping[str, Any]]) -> list[Clique]:
        """Return the same as `find_for`; reads the links of these and of their neighbours first,
        those of all together."""
        near = self.adjacency.prepare([item["_id"] for item in focal_points])
        self.adjacency.prepare(near)
        return self.find_for(focal_points)

    def key_of(self, focal_type: str, focal_point: ObjectId) -> ObjectId:
        """Return the key of the clique of a focal point."""
        name = self.clique_types[focal_type]["name"]
        return clique_key(self.environment.name, name, focal_point)

    @property
    def focal_point_types(self) -> list[str]:
        """Object types that get cliques here."""
        return sorted(self.clique_types)

    def fields_for(self, focal_point_type: str) -> list[str]:
        """Fields of a focal point that `find_for` reads."""
        return ["environment", "type", "id", *self.constraint_names.get(focal_point_type, ())]

    def find_for(self, focal_points: Sequence[Mapping[str, Any]]) -> list[Clique]:
        """Return the cliques of these focal points, in the order of their keys.

        A focal point without a link has no clique.
        """
        found = (self._clique(focal_point) for focal_point in focal_points)
        return sorted((clique for clique in found if clique), key=lambda clique: clique["_id"])

    def portions(self, focal_points: Iterable[Mapping[str, Any]]) -> Iterator[list[Clique]]:
        """Yield the same cliques in small lists, so that memory never holds all large
        ones at once.
        """
        portion: list[Clique] = []
        size = 0
        for focal_point in focal_points:
            clique = self._clique(focal_point)
            if clique is None:
                continue
            more = len(clique["links"]) + len(clique["objects"])
            if portion and size + more > PORTION:
                yield portion
                portion, size = [], 0
            portion.append(clique)
            size += more
        if portion:
            yield portion

    def _clique(self, focal_point: Mapping[str, Any]) -> Clique | None:
        focal_type = focal_point["type"]
        clique_type = self.clique_types.get(focal_type)
        if clique_type is None:
            return None
        constraints = {
            # the constraint of a network is its own id
            name: focal_point["id"] if name == focal_type else focal_point.get(name)
            for name in self.constraint_names.get(focal_type, ())
        }
        walked = walk(focal_point, clique_type, self.adjacency, constraints)
        if not walked.links:
            return None
        environment = self.environment.name
        return Clique(
            _id=clique_key(environment, clique_type["name"], focal_point["_id"]),
            environment=environment,
            clique_type=clique_type["name"],
            focal_point=focal_point["_id"],
            focal_point_type=focal_type,
            focal_point_id=focal_point["id"],
            links=walked.links,
            objects=walked.objects,
            constraints=constraints,
        )


def walk(
    focal: Mapping[str, Any],
    clique_type: CliqueType,
    adjacency: Adjacency,
    constraints: Mapping[str, Any],
) -> Walked:
    """Return the content of the clique of a focal point. This function does no I/O."""
    return adjacency.walk(
        focal["_id"],
        focal["type"],
        clique_type["link_types"],
        constraints,
        use_implicit=bool(clique_type.get("use_implicit_links")),
    )
