"""A row of the fault book."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.path.cloud import PathCloud

Break = Callable[[PathCloud], Any]


@dataclass(frozen=True)
class Fault:
    """One row of the book."""

    name: str
    make: Break
    #: Ends of the path that is asked for.
    ends: tuple[str, str]
    verdict: str
    code: str
    #: Host and part of the name of the first bad hop there.
    culprit: tuple[str, str] = ("", "")
    #: Instance of `why`, and the code of its answer.
    why: tuple[str, str] = ("", "")
    #: A path that the fault must not touch.
    spared: tuple[str, str] = ("mail", "both")
    proto: tuple[str, int | None] = ("", None)
    #: A host that refuses the login in the second of two scans.
    unreachable: str = ""


C1, C2, N1 = "compute-1", "compute-2", "network-1"
