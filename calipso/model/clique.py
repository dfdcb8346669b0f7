"""Cliques: the links around a focal point, and the types that shape them."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from bson import ObjectId


class CliqueType(TypedDict):
    """The link types that the walk follows, in order, from focal points of one type."""

    name: str
    focal_point_type: str
    link_types: list[str]
    environment: NotRequired[str]  # a name, or ANY
    environment_type: NotRequired[str]
    distribution: NotRequired[str]
    distribution_version: NotRequired[str]
    mechanism_drivers: NotRequired[str]
    type_drivers: NotRequired[str]
    use_implicit_links: NotRequired[bool]


class CliqueConstraint(TypedDict):
    """Fields of a focal point with which the links of its clique must agree."""

    focal_point_type: str
    constraints: list[str]


class Clique(TypedDict):
    """One document of `cliques`. It has only ids; readers join the details."""

    _id: ObjectId
    environment: str
    clique_type: str  # name of the clique type
    focal_point: ObjectId
    focal_point_type: str
    focal_point_id: str
    links: list[ObjectId]
    objects: list[ObjectId]
    constraints: dict[str, Any]
