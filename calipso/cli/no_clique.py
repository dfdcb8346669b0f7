"""Why an object has no clique."""

from __future__ import annotations

from calipso.cli.output import iso
from calipso.model.documents import Record
from calipso.stores.inventory.inventory_mgr import InventoryMgr

#: Nova's words for instances that have no devices on their host.
OFF = {"shutoff": "is shut off", "stopped": "is shut off", "suspended": "is suspended"}
OFF |= {"shelved_offloaded": "is shelved", "shelved": "is shelved", "building": "is being built"}
OFF |= {"build": "is being built", "error": "has status ERROR", "rescued": "is in rescue"}


def why(inv: InventoryMgr, item: Record) -> str:
    """Return the reason as a clause, by the evidence of the inventory."""
    environment = str(item["environment"])
    cliques = inv.collection("cliques")
    if cliques.find_one({"environment": environment}, {"_id": 1}) is None:
        return "no scan has made cliques in this environment yet"
    like = {"environment": environment, "focal_point_type": item["type"]}
    of_kind = {"instance": _instance, "vservice": _vservice}.get(str(item["type"]))
    if of_kind is None and cliques.find_one(like, {"_id": 1}) is None:
        return f"no object of type {item['type']} has one (see the clique types)"
    if item.get("problems"):
        return "; ".join(str(problem["message"]) for problem in item["problems"])
    if item.get("stale_since"):
        return f"it could not be read since {iso(item['stale_since'])}"
    return of_kind(inv, item) if of_kind else "nothing is linked to it"


def _instance(inv: InventoryMgr, item: Record) -> str:
    if not item.get("host"):
        status = f"it has no host (status {item.get('status') or 'unknown'})"
        reason = item.get("no_host_reason")
        return f"{status}: {reason}" if reason else status
    if not (item.get("network_info") or item.get("network")):
        return "it has no NIC: no port of Neutron belongs to it"
    for name in ("status", "vm_state", "power_state"):
        if text := OFF.get(str(item.get(name) or "").lower()):
            return f"it {text}, so it has no devices on {item['host']}"
    vnics = inv.find(item["environment"], "vnic", ["instance_id"], host=str(item["host"]))
    if any(vnic.get("instance_id") == item["id"] for vnic in vnics):
        return (
            "its vNICs are not linked yet: calipso scan run ENV --links-only, then --cliques-only"
        )
    if not vnics:
        return f"the vNICs of host {item['host']} were not scanned yet"
    return f"it has no vNIC on {item['host']}, though Nova says {item.get('status') or 'nothing'}"


def _vservice(inv: InventoryMgr, item: Record) -> str:
    vnics = inv.find(item["environment"], "vnic", ["vservice_id"], host=str(item.get("host")))
    if any(vnic.get("vservice_id") == item["id"] for vnic in vnics):
        return (
            "its vNICs are not linked yet: calipso scan run ENV --links-only, then --cliques-only"
        )
    return "no device was found in its namespace"
