"""A link: two connected inventory objects, and the state of the connection."""

from __future__ import annotations

from typing import Any, TypedDict

from bson import ObjectId


class Link(TypedDict):
    """One document of `links`. `link_type` is `<source type>-<target type>`.

    `attributes` may hold `network`: the network id, or the list of network ids, whose
    traffic the link carries; the clique finder's constraints read it.
    """

    _id: ObjectId
    environment: str
    link_type: str
    link_name: str
    source: ObjectId
    source_id: str
    source_label: str
    target: ObjectId
    target_id: str
    target_label: str
    state: str  # up, down or unknown, as read from the system
    link_weight: int
    implicit: bool
    attributes: dict[str, Any]
    host: str
    finder: str  # class of the link finder that found it
