"""Paths in sections name files on the machines of the workers: only admins choose them.

Otherwise a user who may edit an environment could make a worker log in with any key it can read,
and write host keys to any file it can write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from calipso.api.auth.caller import Caller
from calipso.errors import Forbidden
from calipso.model.environment import Environment, is_path_key
from calipso.model.user import Role


def check_paths(
    caller: Caller, sections: Iterable[Mapping[str, Any]], stored: Environment | None = None
) -> None:
    """Allow paths of an admin, and paths as they are stored. Raises Forbidden for others."""
    if caller.role is Role.ADMIN:
        return
    kept = [section.model_dump() for section in stored.configuration] if stored else []
    known = {*_paths(kept)}
    chosen = sorted({place for place, path in _paths(sections) if (place, path) not in known})
    if chosen:
        raise Forbidden(
            f"{caller.name} may not set {', '.join(chosen)}: files on the workers' machines",
            hint="Leave it out or unchanged, or ask an admin to set it.",
        )


def _paths(sections: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for section in sections:
        yield from _below(section, str(section["name"]))


def _below(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Where a path is given, and which; a host may be called like a field."""
    for key, item in value.items():
        if isinstance(item, Mapping):
            yield from _below(item, f"{place}.{key}")
        elif is_path_key(str(key)) and item not in (None, ""):
            yield f"{place}.{key}", str(item)
