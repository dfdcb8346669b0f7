"""NICs of a host of the toy cloud."""

from __future__ import annotations

import time
from typing import Any

from calipso.discover.fetcher import Fetcher
from calipso.errors import CliAccessError, ErrorKind
from tests.scan.toy.toycloud import cloud


class CliFetchToyNics(Fetcher):
    """NICs; a host named in `broken` does not answer, `slow` hosts take their time."""

    source_name = "cli"
    batch_size = 2

    def get(self, parent_id: str) -> list[dict[str, Any]]:
        """NICs of the host that has this folder."""
        now, host = cloud(), self.host_of(parent_id)
        if host in now.get("broken", ()):
            raise CliAccessError(
                f"{host}: no answer", kind=ErrorKind.UNREACHABLE, hint="Is it up?", host=host
            )
        time.sleep(now.get("slow", 0))
        nics = next(hosts[host] for hosts in now["regions"].values() if host in hosts)
        return [
            {"id": f"{host}-{nic}", "name": nic, "mac_address": mac} for nic, mac in nics.items()
        ]
