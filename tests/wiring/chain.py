"""A whole host from what it answers to its links: all fetchers of a host, then all finders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from calipso.model.environment import parse_environment
from calipso.model.inventory import object_key
from calipso.sources.context import ScanContext
from calipso.sources.fetcher import Fetcher
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.metadata_parser import load_class
from tests.fetch.casekit import ENVIRONMENT, PACKAGE, Case
from tests.link_finders.casekit import FINDERS_PACKAGE, configured_finders

#: Fetcher, type of what it finds, drivers it is for, type of its parents, what ends their ids.
STEPS = (
    ("CliFetchHostPnics", "host_pnic", "OVS LXB", "host", "-host_pnics"),
    ("CliFetchBondHostPnics", "host_pnic", "OVS LXB", "host", "-host_pnics"),
    ("CliFetchDpdkHostPnics", "host_pnic", "OVS", "host", "-host_pnics"),
    ("DbFetchVedgesOvs", "vedge", "OVS", "host", "-vedges"),
    ("CliFetchVconnectorsOvs", "vconnector", "OVS", "host", "-vconnectors"),
    ("CliFetchVconnectorsLxb", "vconnector", "LXB", "host", "-vconnectors"),
    ("DbFetchOteps", "otep", "OVS", "vedge", ""),
    ("CliFetchOtepsLxb", "otep", "LXB", "vconnector", ""),
    ("CliFetchHostVservices", "vservice", "OVS LXB", "host", "-vservices"),
    ("CliFetchVserviceVnics", "vnic", "OVS LXB", "host", "-vservices"),
    ("CliFetchInstanceVnics", "vnic", "OVS LXB", "instance", "-vnics"),
)


class HostCase(Case):
    """A case folder with `"mode": "chain"`: its inventory and the answers of its hosts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = self.read()
        questions = self.data["questions"]
        self.cli, self.db = questions.get("cli", {}), questions.get("db", {})
        self.api: dict[str, Any] = {}
        self.objects: list[dict[str, Any]] = []

    def read(self) -> dict[str, Any]:
        """Content of case.json."""
        return dict(json.loads((self.folder / "case.json").read_text(encoding="utf-8")))

    def links(self, inv: InventoryMgr, patch: pytest.MonkeyPatch) -> tuple[list[Any], list[Any]]:
        """Links found, as the objects' finders build them, and the reported problems."""
        self._replace(patch)
        environment = parse_environment(ENVIRONMENT | self.data.get("environment", {}))
        for item in self.data["inventory"]:
            self._store(inv, environment.name, item)
        context = ScanContext(environment, inv, "case")
        context.set_parents(self.objects)
        for name, kind, drivers, parent_type, end in STEPS:
            if set(drivers.split()) & set(environment.mechanism_drivers):
                self._fetch(inv, context, name, kind, parent_type, end)
        problems, _ = context.drain()
        context.close()
        links = []
        for name in configured_finders():
            if name != "FindImplicitLinks":
                finder = load_class(name, FINDERS_PACKAGE)()
                finder.bind(environment.name, inv, None)
                links += finder.run()
                problems += finder.problems
        return links, problems

    def _fetch(
        self, inv: InventoryMgr, context: ScanContext, name: str, kind: str, above: str, end: str
    ) -> None:
        fetcher: Fetcher = load_class(name, PACKAGE)()
        fetcher.bind(context)
        parents = [item for item in self.objects if item["type"] == above]
        for parent in parents:
            folder = {
                "type": f"{end[1:]}_folder" if end else above,
                "id": f"{parent['id']}{end}",
                "parent_id": parent["id"],
                "parent_type": above,
                "host": parent.get("host", parent["id"]),
            }
            if end and all(folder["id"] != item["id"] for item in self.objects):
                self._store(inv, context.environment.name, folder)
                context.set_parents(self.objects)
            for _, outcome in fetcher.get_many([folder["id"]]):
                if isinstance(outcome, Exception):
                    outcome = getattr(outcome, "found", None) or []
                for item in outcome:
                    place = {"type": kind, "parent_id": folder["id"], "parent_type": above}
                    self._store(inv, context.environment.name, {**place, **item})
                context.set_parents(self.objects)

    def _store(self, inv: InventoryMgr, env: str, item: dict[str, Any]) -> None:
        document = {"environment": env, "name": item["id"], "object_name": item["id"], **item}
        document["_id"] = object_key(env, item["type"], item["id"])
        inv.set(dict(document))
        self.objects.append(document)
