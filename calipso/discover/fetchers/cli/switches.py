"""What the stored NICs of all hosts see by LLDP, read once a scan and process."""

from __future__ import annotations

from collections import defaultdict

from calipso.model.documents import Document
from calipso.sources.fetcher import Fetcher
from calipso.topology.neighbours import Seen, seen_ports


def seen_by_nics(fetcher: Fetcher) -> list[Seen]:
    """Switch ports as the inventory has them: also of NICs that this scan could not read."""

    def read() -> list[Seen]:
        nics = fetcher.inv.find(fetcher.env, "host_pnic", ("id", "host", "lldp", "lldp_others"))
        hosts = fetcher.inv.find(fetcher.env, "host", ("id", "name", "other_names"))
        switches: list[Document] = []
        if fetcher.context.environment.aci_enabled:
            fields = ("id", "dn", "management_addresses")
            switches = fetcher.inv.find(fetcher.env, "switch", fields)
        return seen_ports(nics, hosts, switches)

    return fetcher.context.shared("cli:switch_ports", read)


def seen_on_switches(fetcher: Fetcher) -> dict[str, list[Seen]]:
    """The same by the id of the switch, grouped once a scan and process."""

    def group() -> dict[str, list[Seen]]:
        found: defaultdict[str, list[Seen]] = defaultdict(list)
        for seen in seen_by_nics(fetcher):
            found[seen.switch_id].append(seen)
        return dict(found)

    return fetcher.context.shared("cli:ports_of_switches", group)
