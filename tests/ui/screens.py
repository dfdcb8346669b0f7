"""Every screen of the web UI by its name and address."""

from __future__ import annotations

from typing import Any

from calipso.stores.inventory.inventory_mgr import InventoryMgr

TABS = ("graph", "table", "facts", "links", "changes", "dependents", "impact", "why")
SECTIONS = ("main", "OpenStack", "mysql", "CLI", "AMQP")


def instance(inv: InventoryMgr, name: str = "") -> dict[str, Any]:
    """The instance with this name, otherwise one that is the focal point of a clique."""
    if name:
        return inv.find_all("inventory", {"type": "instance", "name": name})[0]
    clique = inv.find_all("cliques", {"focal_point_type": "instance"}, sort=[("_id", 1)])[0]
    return inv.find_by_keys([clique["focal_point"]])[clique["focal_point"]]


def screens(inv: InventoryMgr, focal: str = "") -> dict[str, str]:
    """Name and address of each screen that an admin sees after the login."""
    key = instance(inv, focal)["_id"]
    scan = inv.find_all("scans", {}, sort=[("submit_timestamp", -1)])[0]["_id"]
    names = sorted(item["name"] for item in inv.find_all("inventory", {"type": "instance"}))
    first = inv.find_all("scans", {}, sort=[("submit_timestamp", 1)])[0]["_id"]
    near = next((name for name in names if name.startswith("team-01") and name != focal), names[-1])
    ends = f"env=demo&from={near}&to={focal or names[0]}"
    setup = ("environments", "schedules", "clique-types", "constraints", "users", "audit")
    return {
        "start": "/ui/",
        "search": "/ui/search?q=vm",
        "path": f"/ui/search?q={names[-1]}+to+{focal or names[0]}",
        **{f"way-{view}": f"/ui/path?{ends}&view={view}" for view in ("hops", "graph", "table")},
        "way-none": "/ui/path",
        "drift": "/ui/drift?env=demo",
        "spof": "/ui/spof?env=demo",
        "compare": f"/ui/compare?env=demo&from={first}",
        "monitoring": "/ui/monitoring?env=demo",
        "events": "/ui/events?env=demo",
        **{f"object-{tab}": f"/ui/object/{key}?view={tab}" for tab in TABS},
        "environments": "/ui/environments",
        "environment": "/ui/environment/demo",
        "objects": "/ui/objects?env=demo&type=instance",
        "tree": "/ui/tree/demo",
        "scans": "/ui/scans",
        "scan": f"/ui/scans/{scan}",
        "changes": "/ui/changes",
        **{f"setup-{name}": f"/ui/admin/{name}" for name in setup},
        "setup-account": "/ui/admin/account",
        "setup-user": "/ui/admin/users/anna",
        "setup-new": "/ui/admin/environments/new",
        **{f"setup-{tab}": f"/ui/admin/environments/demo?tab={tab}" for tab in SECTIONS},
        "nowhere": "/ui/nowhere",
    }


def settled(page: Any) -> None:
    """Wait until a page shows its heading and nothing is loaded any more."""
    page.get_by_role("heading", level=1).first.wait_for()
    page.get_by_text("Loading…").first.wait_for(state="hidden")
