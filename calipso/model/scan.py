"""A scan: its request, its progress and its result."""

from __future__ import annotations

import logging
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from calipso.errors import ConfigError
from calipso.model.inventory import check_inventory_name


class ScanStatus(StrEnum):
    """States of a scan. The last four are final."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    COMPLETED_WITH_ERRORS = "completed_with_errors"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """True when the scan will not change any more."""
        return self.value not in RUNNING


#: States of a scan that has not ended.
RUNNING = [ScanStatus.PENDING.value, ScanStatus.RUNNING.value]


class Stage(StrEnum):
    """What a running scan is doing."""

    INVENTORY = "inventory"
    SWEEP = "sweep"
    LINKS = "links"
    IMPLICIT_LINKS = "implicit_links"
    PROBLEMS = "problems"
    CLIQUES = "cliques"
    FINISH = "finish"


class LogLevel(StrEnum):
    """Levels of stored log lines, in the original's words: a scan stores lines of its level and
    above.
    """

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    DEBUG = "debug"
    NOTSET = "notset"

    @property
    def number(self) -> int:
        """The level of `logging`; NOTSET means the default."""
        return logging.getLevelNamesMapping()[self.name] or logging.INFO


class ScanPart(BaseModel):
    """One of several parts of an inventory that a scan reads: an object, or a node of the tree.

    With `scanner`, `object_id` keeps one object of what the node finds; it may be new.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    object_id: str | None = None
    object_type: str | None = None
    scanner: str | None = None
    parent_id: str | None = None
    parent_type: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> ScanPart:
        if bool(self.scanner) != bool(self.parent_id):
            raise ValueError("scanner and parent_id go together")
        if not (self.scanner or self.object_id):
            raise ValueError("a part needs object_id, or scanner and parent_id")
        return self


class ScanRequest(BaseModel):
    """The request of a person, a schedule or an event."""

    model_config = ConfigDict(extra="forbid")

    environment: str
    inventory: str = "inventory"
    inventory_only: bool = False
    links_only: bool = False
    cliques_only: bool = False
    clear: bool = False
    object_id: str | None = None  # scan only this object and what is below it
    object_type: str | None = None
    scanner: str | None = None  # with `parent_id`: run one node of the tree
    parent_id: str | None = None
    parent_type: str | None = None
    #: several objects or nodes in one scan, as events ask for
    parts: tuple[ScanPart, ...] = ()
    log_level: LogLevel | None = None  # None: INFO
    origin: str = "manual scan"

    @field_validator("inventory")
    @classmethod
    def _inventory_name(cls, name: str) -> str:
        try:
            return check_inventory_name(name)
        except ConfigError as error:
            raise ValueError(error.message) from error

    @model_validator(mode="after")
    def _one_kind(self) -> ScanRequest:
        if self.object_id == self.environment and self.object_type in (None, "environment"):
            self.object_id = self.object_type = None  # the object is the whole environment
        kinds = [self.inventory_only, self.links_only, self.cliques_only]
        if sum(kinds) > 1:
            raise ValueError("give at most one of inventory_only, links_only, cliques_only")
        if bool(self.scanner) != bool(self.parent_id):
            raise ValueError("scanner and parent_id go together")
        if self.object_type and not self.object_id:
            raise ValueError("the type of an object needs its id as well")
        if self.parent_type and not self.parent_id:
            raise ValueError("the type of a parent needs its id as well")
        if self.parts and (self.object_id or self.scanner or self.links_only or self.cliques_only):
            raise ValueError("parts exclude object_id, scanner, links_only and cliques_only")
        if self.clear and (self.object_id or self.scanner or self.parts):
            raise ValueError("clear replaces a whole environment, not a part of one")
        return self

    def whole_inventory(self) -> bool:
        """True when the request reads the whole tree."""
        limited = self.object_id or self.scanner or self.parts
        return not (limited or self.links_only or self.cliques_only)


class Problem(BaseModel):
    """A part that a scan could not read: a line of its coverage report."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    message: str
    hint: str = ""
    source: str = ""
    host: str = ""
    scanner: str = ""
    fetcher: str = ""
    parent_id: str = ""
    warning: bool = False  # a warning does not make the scan end with errors
    code: str = ""  # stable name of the fault, see `problem_codes`
    object_type: str = ""  # with `object_id`: the object that the problem is about
    object_id: str = ""

    def key(self) -> str:
        """Key of the problem: problems with the same key are one line with a count."""
        return "|".join((self.kind, self.source, self.host, self.message))
