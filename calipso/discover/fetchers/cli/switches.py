"""What the stored NICs of all hosts see by LLDP, read once a scan and process."""

from __future__ import annotations

from calipso.sources.fetcher import Fetcher
from calipso.topology.neighbours import Seen, seen_ports


def seen_by_nics(fetcher: Fetcher) -> list[Seen]:
    """Switch ports as the inventory has them: also of NICs that this scan could not read."""

    def read() -> list[Seen]:
        nics = fetcher.inv.find(fetcher.env, "host_pnic", ("id", "host", "lldp", "lldp_others"))
        hosts = fetcher.inv.find(fetcher.env, "host", ("id", "name", "other_names"))
        return seen_ports(nics, hosts)

    return fetcher.context.shared("cli:switch_ports", read)
