"""Fetcher: the base of every class that reads objects of one type from a source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from bson import ObjectId

from calipso.errors import ErrorKind
from calipso.model.inventory import Fetched, object_key
from calipso.model.scan import Problem
from calipso.model.sources import slowest
from calipso.sources.context import ScanContext, not_in_inventory
from calipso.stores.inventory.inventory_mgr import InventoryMgr

#: What a fetch of one parent gave: its objects, or why there are none.
Outcome = tuple[str, "list[Fetched] | Exception"]


class Fetcher:
    """Reads objects from a source; stores nothing.

    `get(parent_id)` returns the objects below one parent. A source that lists a whole cloud in
    one call overrides `get_many`, and says how many parents one task may carry.
    """

    #: Name of the source: api, db, cli, or one of a plug-in.
    source_name: ClassVar[str] = "api"
    #: Other sources that it asks beside its own (`self.source(...)`).
    sources: ClassVar[tuple[str, ...]] = ()
    #: Most parents in one task; None: all parents of a level in one task.
    batch_size: ClassVar[int | None] = 20
    #: True: returns fields of objects that another fetch type stored, creates none.
    enriches: ClassVar[bool] = False
    #: True: makes objects of stored ones and asks no source, so it proves nothing about the cloud.
    derives: ClassVar[bool] = False

    context: ScanContext
    env: str

    def __init__(self) -> None:
        self.inv = InventoryMgr()

    def bind(self, context: ScanContext) -> None:
        """Attach this fetcher to the scan it works for."""
        self.context = context
        self.env = context.environment.name
        self.inv = context.inv

    @classmethod
    def queue_source(cls) -> str:
        """The source whose queue its tasks go to, and whose line of the coverage report it has:
        that of the hosts when it asks hosts, otherwise its own.
        """
        return slowest((cls.source_name, *cls.sources))

    def get_env(self) -> str:
        """Name of the environment being scanned."""
        return self.env

    def get(self, parent_id: str) -> list[Fetched]:
        """Objects below the parent. Subclasses override this, or `get_many`."""
        raise NotImplementedError(f"{type(self).__name__}.get")

    def get_many(self, parent_ids: Sequence[str]) -> Iterator[Outcome]:
        """Objects of several parents, one outcome each; one that fails leaves the others alone."""
        for parent_id in parent_ids:
            try:
                yield parent_id, self.get(parent_id)
            except Exception as error:  # noqa: BLE001 - recorded by the scanner, scan goes on
                yield parent_id, error

    def parent(self, parent_id: str) -> dict[str, Any]:
        """The stored parent object. Raises NotFound."""
        found = self.context.parent(parent_id)
        if found is None:
            raise not_in_inventory(self.env, f"parent {parent_id}")
        return found

    def host_of(self, parent_id: str) -> str:
        """Name of the host the parent lives on (the parent itself when it is a host)."""
        parent = self.parent(parent_id)
        return str(parent["id"] if parent["type"] == "host" else parent["host"])

    def host(self, parent_id: str) -> dict[str, Any]:
        """The stored host object the parent lives on."""
        return self.context.host(self.host_of(parent_id))

    def key(self, object_type: str, object_id: str) -> ObjectId:
        """The `_id` of an object of this environment, as `PartialAnswer` wants it."""
        return object_key(self.env, object_type, object_id)

    def problem(
        self,
        about: tuple[str, str],
        *,
        code: str,
        message: str,
        hint: str,
        kind: str = ErrorKind.NOT_FOUND,
        source: str = "",
        host: str = "",
        parent_id: str = "",
    ) -> None:
        """Report a fault of an object, type and id in `about`, as a warning; the fetch goes on.

        `code` is one of `problem_codes.CODES`; `source` is who shows it, if not this fetcher's own.
        """
        object_type, object_id = about
        self.context.problem(
            Problem(
                kind=str(kind),
                message=message,
                hint=hint,
                source=source or self.source_name,
                host=host,
                parent_id=parent_id,
                warning=True,
                code=code,
                object_type=object_type,
                object_id=object_id,
            )
        )

    def source(self, name: str) -> Any:
        """The access object of another source (`api`, `db`, `cli`), bound to this scan."""
        return self.context.source(name)
