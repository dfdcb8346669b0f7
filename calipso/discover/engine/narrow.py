"""Narrow: links and cliques of what a scan really changed, and of nothing else.

It applies when links and cliques were found from the inventory as it was before the scan, with the
same finders, clique types and settings, and when each task says what it changed. Otherwise
everything is done again.
"""

from __future__ import annotations

from dataclasses import dataclass

from bson import ObjectId

from calipso.discover.cliques.clique_finder import CliqueFinder
from calipso.discover.cliques.clique_types_metadata import load_clique_types
from calipso.discover.cliques.reach import reached_focal_points
from calipso.discover.engine.touched_hosts import touched_hosts
from calipso.discover.find_links_metadata import load_link_finders
from calipso.model.documents import Document
from calipso.model.scan import ScanRequest
from calipso.sources.context import ScanContext
from calipso.stores.inventory.touched import Touched
from calipso.stores.scans.scan_store import ScanStore

#: Part of the hosts from which on the links of all hosts are found again, and the number of hosts
#: up to which that does not count.
MOST_HOSTS, FEW_HOSTS = 0.3, 10


@dataclass
class LinkWork:
    """Which finders run: those of some hosts, and those of the whole cloud."""

    hosts: list[str]
    by_host: list[str]
    whole: list[str]


def what_changed(store: ScanStore, scan: Document, *kinds: str) -> Touched | None:
    """Return what tasks of these kinds changed; None when nobody knows all of it.

    A task that began twice may have written before its first worker died, and found nothing to
    change the second time.
    """
    touched = Touched()
    for kind in kinds:
        for task in store.scan_tasks(scan["_id"], "touched", "attempts", "ran", kind=kind):
            if "touched" not in task or not task.get("ran") or task["attempts"] > 1:
                return None
            touched.add(task["touched"])
    return None if touched.everything else touched


def link_work(store: ScanStore, scan: Document, context: ScanContext) -> LinkWork | None:
    """Return which links are to be found again after the inventory was read; None: all.

    A scan of the whole inventory finds all: it repairs what nobody knows of.
    """
    if ScanRequest.model_validate(scan["request"]).whole_inventory():
        return None
    if not scan.get("derived") or scan["derived"] != scan.get("fingerprint"):
        return None
    touched = what_changed(store, scan, "fetch", "sweep")
    if touched is None:
        return None
    environment = context.environment.name
    hosts = touched_hosts(context.inv, environment, touched)
    known = len(context.inv.find(environment, "host", ["id"]))
    if len(hosts) > max(FEW_HOSTS, MOST_HOSTS * known):
        return None
    finders = {n: f for n, f in load_link_finders().items() if not f.after_others}
    whole = [
        name
        for name, found in finders.items()
        if found.scope == "cloud"
        and touched.types
        and (found.reads is None or touched.types & found.reads)
    ]
    by_host = [name for name, found in finders.items() if found.scope == "host" and hosts]
    return LinkWork(sorted(hosts), by_host, whole)


def links_changed(store: ScanStore, scan: Document) -> bool:
    """True when the finders, or the sweep, changed a link, or nobody knows."""
    touched = what_changed(store, scan, "sweep", "links")
    return touched is None or bool(touched.links)


def focal_points(
    store: ScanStore, scan: Document, context: ScanContext
) -> dict[str, list[ObjectId]] | None:
    """Return the focal points whose cliques are to be found again; None: all."""
    touched = what_changed(store, scan, "fetch", "sweep", "links")
    if touched is None:
        return None
    types, constraints = load_clique_types(context.inv)
    finder = CliqueFinder.around(context.environment, types, constraints, context.inv)
    return reached_focal_points(finder, context.inv, touched.links, touched.keys)
