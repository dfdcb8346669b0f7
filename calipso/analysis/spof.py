"""Single points of failure: parts whose failure alone cuts users off from a network."""

from __future__ import annotations

from calipso.analysis.impact_reading import CLIQUE, LINK, USERS, links_of, networks_of
from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.encoding import decode
from calipso.topology.impact import Clique, Feeds, singles


def single_points(inv: InventoryMgr, environment: str, least: int = 2) -> list[Document]:
    """Parts whose failure alone costs at least so many instances or services a network.

    Sorted by the number of instances; each has `instances`, `services`, `networks`, `projects`.
    """
    query = {"environment": environment}
    cliques = [
        decode(clique)
        for clique in inv.collection("cliques").find(
            query, CLIQUE | {"focal_point_type": 1}, batch_size=2000
        )
        if clique["focal_point_type"] in USERS
    ]
    links = links_of(inv, cliques)
    networks = networks_of(inv, cliques)
    names = {key: str(item["id"]) for key, item in networks.items()}
    feeds = Feeds()
    feeds.add(links.values())
    feeds.add(inv.each_link(environment, ["switch-switch_pnic"], LINK))
    found = singles((Clique(clique, links, names) for clique in cliques), feeds)
    keys = {key for key, users in found.items() if len(users) >= least}
    users = inv.find_by_keys({user for key in keys for user in found[key]}, ("type", "project"))
    items = inv.find_by_keys(keys, ("type", "id", "name", "host", "stale_since"))
    titles = {str(item["id"]): str(item["name"]) for item in networks.values()}
    rows = []
    for key, item in items.items():
        own = [users[user] for user in found[key] if user in users]
        lost = {titles.get(name, name) for some in found[key].values() for name in some}
        rows.append(
            item
            | {
                "instances": sum(user["type"] == "instance" for user in own),
                "services": sum(user["type"] == "vservice" for user in own),
                "networks": sorted(lost),
                "projects": sorted({str(user.get("project") or "") for user in own} - {""}),
            }
        )
    return sorted(rows, key=lambda row: (-row["instances"], -row["services"], str(row["id"])))
