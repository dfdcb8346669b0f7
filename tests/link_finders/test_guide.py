"""The examples of docs/links-and-cliques.md work as printed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from calipso.discover.cliques.clique_types_metadata import CliqueTypesMetadata
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.link_finders.casekit import as_tuple, fill, run_all
from tests.link_finders.wiring import ENV, cloud, item, vnic

GUIDE = Path(__file__).parents[2] / "docs" / "links-and-cliques.md"


def example(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.S)
    return str(found)


def test_the_link_finder_of_the_guide_finds_links(inv: InventoryMgr) -> None:
    fill(inv, [vnic("h", "tap1", "a", "front"), item("firewall", "f", "f", vnic_ids=["h-tap1"])])
    made: dict[str, Any] = {}
    exec(compile(example("python"), str(GUIDE), "exec"), made)
    finder = made["FindLinksForFirewalls"]()
    finder.bind(ENV, inv)

    assert [as_tuple(link) for link in finder.run()] == [
        ("firewall-vnic", "f", "h-tap1", "", "up", "-")
    ]


def test_the_clique_type_of_the_guide_is_valid() -> None:
    metadata = CliqueTypesMetadata()

    metadata.check_type("guide", json.loads(example("json")))

    assert metadata.problems == []


def test_every_link_type_found_is_explained_in_the_docs(inv: InventoryMgr) -> None:
    fill(inv, cloud(hosts=3, instances_per_host=5, tenant_networks=2))
    explained = (GUIDE.parent / "object-types.md").read_text(encoding="utf-8")

    found = {link["link_type"] for link in run_all(inv)}

    assert {name for name in found if f"`{name}`" not in explained} == set()
