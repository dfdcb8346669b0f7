"""Which fetcher lists the Linux bridges of a host, in an environment with Open vSwitch and
Linux bridges.

A host with a Linux bridge agent belongs to CliFetchVconnectorsLxb, every other host to
CliFetchVconnectorsOvs. Where the environment has only one of the two drivers, that driver's fetcher
lists the bridges of every host. So each bridge is listed by exactly one fetcher.
"""

from __future__ import annotations

from typing import Any

from calipso.discover.fetchers.db.agents import ids_by_other_name
from calipso.errors import ParseError
from calipso.sources.cli.cli_access import CliAccess
from calipso.utils.json_text import loads

AGENT_TYPE = "Linux bridge agent"


def lxb_agents(fetcher: CliAccess) -> dict[str, dict[str, Any] | ParseError]:
    """Return `configurations` of the Linux bridge agents by host; each process reads them once a
    scan.

    The value is the error for those that cannot be read.
    """

    def ask() -> dict[str, dict[str, Any] | ParseError]:
        rows = fetcher.source("db").select(
            "neutron", "agents", ["id", "host", "configurations"], {"agent_type": AGENT_TYPE}
        )
        ids = ids_by_other_name(fetcher)
        return {ids[str(row["host"])]: _configurations(row) for row in rows}

    return fetcher.context.shared("cli:lxb_agents", ask)


def lists_bridges(fetcher: CliAccess, host: str, driver: str) -> bool:
    """True when the fetcher of this driver (OVS or LXB) lists the bridges of the host."""
    drivers = set(fetcher.context.environment.mechanism_drivers)
    if "OVN" in drivers:  # its hosts have Open vSwitch as well
        drivers.add("OVS")
    if not {"OVS", "LXB"} <= drivers:
        return driver in drivers
    return (host in lxb_agents(fetcher)) == (driver == "LXB")


def lxb_configurations(fetcher: CliAccess, host: str) -> dict[str, Any]:
    """`configurations` of the Linux bridge agent of a host. Raises ParseError."""
    found = lxb_agents(fetcher).get(host, {})
    if isinstance(found, ParseError):
        raise found
    return found


def _configurations(row: dict[str, Any]) -> dict[str, Any] | ParseError:
    value = row["configurations"]
    if isinstance(value, dict):
        return value
    try:
        parsed = loads(value or "{}")
    except ValueError as error:
        return ParseError(
            f"Neutron agent {row['id']} on {row['host']}: configurations are not JSON ({error})",
            sample=str(value),
            hint=f"Compare `openstack network agent show {row['id']}`: the agent writes them when "
            "it starts.",
        )
    return parsed if isinstance(parsed, dict) else {}
