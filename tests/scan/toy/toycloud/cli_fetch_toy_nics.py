"""NICs of a host of the toy cloud."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any

from calipso.errors import CliAccessError, DbAccessError, ErrorKind, PartialAnswer
from calipso.model.scan import Problem
from calipso.sources.fetcher import Fetcher, Outcome
from tests.scan.toy.toycloud import cloud


class CliFetchToyNics(Fetcher):
    """NICs; a host named in `broken` does not answer, `slow` hosts take their time.

    At a host named in `forgotten` the fetcher passes over it and all after it; at one named in
    `crash` it breaks off. NICs named in `ill` have a problem, those named in `unread` cannot be
    read. `fields` replaces fields of NICs, such as the id. What is in `log` is logged, as a
    library does that knows no scans.
    """

    source_name = "cli"
    batch_size = 2

    def get_many(self, parent_ids: Sequence[str]) -> Iterator[Outcome]:
        """Outcomes, as long as nothing is wrong with the fetcher itself."""
        for parent_id, outcome in super().get_many(parent_ids):
            host = self.host_of(parent_id)
            if host in cloud().get("forgotten", ()):
                return
            if host in cloud().get("crash", ()):
                raise RuntimeError("a fetcher with a defect")
            yield parent_id, outcome

    def get(self, parent_id: str) -> list[dict[str, Any]]:
        """NICs of the host that has this folder."""
        now, host = cloud(), self.host_of(parent_id)
        if "log" in now:
            logging.getLogger("a.library").info("%s", now["log"])
        if host in now.get("broken", ()):
            raise CliAccessError(
                f"{host}: no answer", kind=ErrorKind.UNREACHABLE, hint="Is it up?", host=host
            )
        if host in now.get("database_away", ()):
            raise DbAccessError("MySQL: no answer", kind=ErrorKind.UNREACHABLE, hint="Is it up?")
        time.sleep(now.get("slow", 0))
        for nic, message in now.get("ill", {}).get(host, {}).items():
            self._ill(f"{host}-{nic}", message)
        nics = next(hosts[host] for hosts in now["regions"].values() if host in hosts)
        found = [
            {"id": f"{host}-{nic}", "name": nic, "mac_address": mac} for nic, mac in nics.items()
        ]
        found = [item | now.get("fields", {}).get(item["id"], {}) for item in found]
        unread = {str(item["id"]) for item in found} & set(now.get("unread", ()))
        if unread:
            error = CliAccessError("one file", kind=ErrorKind.SERVER_ERROR, host=host)
            read = [item for item in found if item["id"] not in unread]
            keys = [self.key("host_pnic", name) for name in unread]
            raise PartialAnswer([error], read, unread=keys)
        return found

    def _ill(self, nic: str, message: str) -> None:
        self.context.problem(
            Problem(
                kind="unexpected_output",
                message=message,
                warning=True,
                code="link_down",
                object_type="host_pnic",
                object_id=nic,
            )
        )
