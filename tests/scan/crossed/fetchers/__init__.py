"""Fetchers of a cloud whose objects hang below others than those that list them.

`CROSSED_CLOUD` names a JSON file: what there is, under `failed` which fetches fail, as
`<list>:<parent>`, and under `ill` which items have a problem. With `ahead`, a fetcher asks for all
parents, beginning with the last, before it yields the first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from calipso.errors import AccessError, ErrorKind, PartialAnswer
from calipso.model.scan import Problem
from calipso.sources.fetcher import Fetcher, Outcome

Item = dict[str, Any]


class Listed(Fetcher):
    """Items of one list that name the parent as their `by`; the others are not its business."""

    listing: ClassVar[str]
    item_type: ClassVar[str]

    def get(self, parent_id: str) -> list[Item]:
        """Items that the parent lists. Raises AccessError when the cloud says that it fails."""
        cloud = json.loads(Path(os.environ["CROSSED_CLOUD"]).read_text())
        if f"{self.listing}:{parent_id}" in cloud["failed"]:
            raise AccessError(f"{self.listing} of {parent_id}: 500", kind=ErrorKind.SERVER_ERROR)
        wanted = {"", parent_id}
        unread = set(cloud.get("unread", ()))
        found = [
            {"id": name, "name": name, **self.place(item)}
            for name, item in cloud[self.listing].items()
            if item.get("by", "") in wanted and name not in unread
        ]
        for item in found:
            if item["id"] in cloud.get("ill", ()):
                self._ill(item["id"])
        if unread and self.listing == "nics":
            error = AccessError("one file: 500", kind=ErrorKind.SERVER_ERROR)
            keys = [self.key("host_pnic", name) for name in unread]
            raise PartialAnswer([error], found, unread=keys)
        return found

    def get_many(self, parent_ids: Sequence[str]) -> Iterator[Outcome]:
        """Items of each parent."""
        if not json.loads(Path(os.environ["CROSSED_CLOUD"]).read_text()).get("ahead"):
            yield from super().get_many(parent_ids)
        else:
            yield from reversed(list(super().get_many(parent_ids[::-1])))

    def place(self, item: Item) -> Item:
        """Where an item hangs, when it is not below the parent that lists it."""
        return {}

    def _ill(self, name: str) -> None:
        self.context.problem(
            Problem(
                kind="unexpected_output",
                message=f"{name} is ill",
                warning=True,
                code="link_down",
                object_type=self.item_type,
                object_id=name,
            )
        )
