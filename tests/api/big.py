"""An inventory of any size, written straight into the store: hosts, instances, what joins them.

Shaped as a scan leaves it: ids, paths, links and cliques as in `docs/object-types.md`. For
measuring reads; what a scan makes of a cloud is tested elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from bson import ObjectId

from calipso.model.inventory import clique_key, link_key, object_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr

Document = dict[str, Any]

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
SCAN = "bench-1"
INSTANCES = 22  # of each host: with their vNICs and the host's own, 50 objects a host
NETWORKS = 40


class Big:
    """Documents of one environment."""

    def __init__(self, environment: str, hosts: int, instances: int = INSTANCES) -> None:
        self.environment = environment
        self.hosts = hosts
        self.instances = instances
        self.links: list[Document] = []
        self.cliques: list[Document] = []
        self.networks = [f"net-{number:04}" for number in range(min(NETWORKS, hosts))]

    def write(self, inv: InventoryMgr) -> None:
        """Store everything, and the scan it came from."""
        for name, documents in (
            ("inventory", self.objects()),
            ("links", self.links),
            ("cliques", self.cliques),
        ):
            for portion in _portions(documents):
                inv.collection(name).insert_many(portion)
        inv.db["scans"].insert_one(
            {
                "_id": f"{self.environment}-{SCAN}",
                "environment": self.environment,
                "inventory": inv.inventory,
                "status": "completed",
                "request": dict.fromkeys(("links_only", "cliques_only"), False)
                | dict.fromkeys(("object_id", "scanner")),
                "submit_timestamp": NOW,
                "end_timestamp": NOW,
                "counts": {"host": self.hosts, "instance": self.hosts * self.instances},
            }
        )

    def objects(self) -> Iterator[Document]:
        """All objects; links and cliques are collected meanwhile."""
        root = f"/{self.environment}"
        yield self._object("region", "RegionOne", self.environment, "environment", root)
        for number, network in enumerate(self.networks):
            more = {"cidrs": [f"10.{number}.0.0/16"], "network": network}
            yield (
                self._object("network", network, "RegionOne", "region", f"{root}/RegionOne") | more
            )
        for number in range(self.hosts):
            yield from self._host(number, f"{root}/RegionOne")

    def _host(self, number: int, above: str) -> Iterator[Document]:
        host = f"compute-{number:05}"
        path = f"{above}/{host}"
        yield self._object("host", host, "RegionOne", "region", above, host=host)
        folder = f"{host}-instances"
        yield self._object("instances_folder", folder, host, "host", path)
        yield self._object("vedge", f"{host}-OVS", host, "host", path, host=host)
        otep = self._object("otep", f"{host}-otep", f"{host}-OVS", "vedge", path, host=host)
        yield otep | {"ip_address": f"172.16.{number // 250}.{number % 250 + 1}"}
        for nic in ("eth0", "eth1"):
            item = self._object("host_pnic", f"{host}-{nic}", host, "host", path, host=host)
            mac = f"52:54:{number >> 8 & 255:02x}:{number & 255:02x}:00:{nic[-1]:>02}"
            yield item | {"mac_address": mac, "name": nic}
        self._link("vedge-otep", f"{host}-OVS", f"{host}-otep", host)
        self._link("otep-host_pnic", f"{host}-otep", f"{host}-eth0", host)
        here = [self.networks[(number + step) % len(self.networks)] for step in range(3)]
        for network in dict.fromkeys(here):
            self._link("host_pnic-network", f"{host}-eth0", network, host, network)
        for order in range(self.instances):
            yield from self._instance(number, order, host, f"{path}/{folder}", here)

    def _instance(
        self, number: int, order: int, host: str, above: str, here: list[str]
    ) -> Iterator[Document]:
        serial = number * self.instances + order
        uuid = f"{serial:08x}-0000-4000-8000-{serial:012x}"
        network = here[order % len(here)]
        item = self._object("instance", uuid, f"{host}-instances", "instances_folder", above, host)
        yield item | {"name": f"web-{serial:06}", "network": [network], "clique": True}
        tap = f"tap{serial:08x}"
        vnic = self._object("vnic", f"{host}-{tap}", f"{uuid}-vnics", "vnics_folder", above, host)
        address = f"10.{int(network[4:])}.{serial >> 8 & 255}.{serial & 255}"
        mac = ":".join(f"{byte:02x}" for byte in (0xFA, 0x16, *serial.to_bytes(4, "big")))
        more = {"mac_address": mac, "ip_addresses": [address], "network": network, "name": tap}
        yield vnic | more | {"vnic_type": "instance_vnic", "instance_id": uuid}
        self._link("instance-vnic", uuid, f"{host}-{tap}", host, network)
        self._link("vnic-vedge", f"{host}-{tap}", f"{host}-OVS", host, network)
        self._clique(uuid, host, tap, network)

    def _object(
        self, kind: str, item_id: str, parent: str, parent_type: str, above: str, host: str = ""
    ) -> Document:
        found: Document = {
            "_id": self._key(kind, item_id),
            "environment": self.environment,
            "type": kind,
            "id": item_id,
            "name": item_id,
            "object_name": item_id,
            "parent_id": parent,
            "parent_type": parent_type,
            "id_path": f"{above}/{item_id}",
            "name_path": f"{above}/{item_id}",
            "show_in_tree": True,
            "last_scanned": NOW,
            "scan_id": SCAN,
            "state": "up",
            "fetched_by": {"scanner": "Scan", "fetcher": "Fetch", "source": "api"},
        }
        return found | ({"host": host} if host else {})

    def _key(self, kind: str, item_id: str) -> ObjectId:
        return object_key(self.environment, kind, item_id)

    def _link(self, kind: str, source: str, target: str, host: str, network: str = "") -> None:
        ends = dict(zip(("source", "target"), kind.split("-"), strict=True))
        first, second = self._key(ends["source"], source), self._key(ends["target"], target)
        self.links.append(
            {
                "_id": link_key(self.environment, kind, first, second, network or "link"),
                "environment": self.environment,
                "link_type": kind,
                "link_name": network or "link",
                "source": first,
                "source_id": source,
                "source_label": "",
                "target": second,
                "target_id": target,
                "target_label": "",
                "state": "up",
                "link_weight": 0,
                "implicit": False,
                "attributes": {"network": network} if network else {},
                "host": host,
                "finder": "Finder",
                "scan_id": SCAN,
                "last_scanned": NOW,
            }
        )

    def _clique(self, uuid: str, host: str, tap: str, network: str) -> None:
        focal = self._key("instance", uuid)
        steps = (
            ("instance", uuid),
            ("vnic", f"{host}-{tap}"),
            ("vedge", f"{host}-OVS"),
            ("otep", f"{host}-otep"),
            ("host_pnic", f"{host}-eth0"),
            ("network", network),
        )
        keys = [self._key(*step) for step in steps]
        names = [network, network, "link", "link", network]
        links = [
            link_key(self.environment, f"{a}-{b}", keys[at], keys[at + 1], names[at])
            for at, ((a, _), (b, _)) in enumerate(pairwise(steps))
        ]
        self.cliques.append(
            {
                "_id": clique_key(self.environment, "instance", focal),
                "environment": self.environment,
                "clique_type": "instance",
                "focal_point": focal,
                "focal_point_type": "instance",
                "focal_point_id": uuid,
                "links": sorted(links),
                "objects": sorted(keys),
                "constraints": {"network": [network]},
                "scan_id": SCAN,
                "last_scanned": NOW,
            }
        )


def _portions(documents: Iterable[Document], size: int = 1000) -> Iterator[list[Document]]:
    portion: list[Document] = []
    for document in documents:
        portion.append(document)
        if len(portion) == size:
            yield portion
            portion = []
    if portion:
        yield portion
