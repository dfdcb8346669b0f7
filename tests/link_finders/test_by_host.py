"""A finder of scope `host` finds the same, host by host, as for all hosts at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from calipso.discover.find_links import FindLinks
from calipso.discover.host_part import HostPart
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.metadata_parser import load_class
from calipso.utils.names import camel_case
from tests.link_finders.casekit import FINDERS_PACKAGE, case_folders, fill, read_json
from tests.link_finders.wiring import ENV


def finder_of(folder: Path) -> type[FindLinks]:
    found: type[FindLinks] = load_class(camel_case(folder.parent.name), FINDERS_PACKAGE)
    return found


CASES = [f for f in case_folders(Path(__file__).parent) if finder_of(f).scope == "host"]

Found = tuple[list[dict[str, Any]], list[tuple[str, str, str, str]]]


def find(finder_class: type[FindLinks], inv: InventoryMgr, hosts: list[str] | None) -> Found:
    """Links, and problems with their host."""
    finder = finder_class()
    finder.bind(ENV, inv, None, hosts)
    links = [dict(link) for link in finder.run()]
    told = {(p.host, p.code, p.object_type, p.object_id) for p in finder.problems}
    return links, sorted(told)


def hosts_of(objects: list[dict[str, Any]]) -> list[str]:
    """Hosts that an object is on, or that a port names, and one more."""
    named = {item.get("host") for item in objects} | {o.get("binding:host_id") for o in objects}
    return sorted({str(name) for name in named if name} | {"another-host"})


@pytest.mark.parametrize("folder", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_host_by_host_the_links_are_those_of_all_hosts(folder: Path, inv: InventoryMgr) -> None:
    objects = read_json(folder / "case.json")["inventory"]
    fill(inv, objects)

    links, problems = find(finder_of(folder), inv, None)
    by_host = [find(finder_of(folder), inv, [host]) for host in hosts_of(objects)]

    assert {link["host"] for link in links} <= set(hosts_of(objects))
    together = [link for found, _ in by_host for link in found]
    assert sorted(together, key=lambda link: str(link["_id"])) == links
    assert sorted(told for _, found in by_host for told in found) == problems


def test_ports_of_a_host_are_those_bound_plugged_or_of_the_same_router(inv: InventoryMgr) -> None:
    def port(name: str, **fields: str) -> dict[str, Any]:
        return {"type": "port", "id": name, "name": name, **fields}

    fill(
        inv,
        [
            {"type": "host", "id": "h1", "name": "h1", "other_names": ["h1.example.com"]},
            {"type": "host", "id": "h2", "name": "h2"},
            {"type": "vnic", "id": "h1-tap1", "name": "tap1", "host": "h1", "port_id": "plugged"},
            port("bound", **{"binding:host_id": "h1.example.com"}),
            port("plugged", **{"binding:host_id": "h2"}),
            port("gateway", device_owner="network:router_gateway", device_id="r")
            | {"binding:host_id": "h1"},
            port("ha", device_owner="network:router_ha_interface", device_id="r")
            | {"binding:host_id": "h2"},
            port("elsewhere", **{"binding:host_id": "h2"}),
        ],
    )

    found = HostPart(inv, ENV, ["h1"]).find(ENV, "port", ["name"])

    assert {item["name"] for item in found} == {"bound", "plugged", "gateway", "ha"}
