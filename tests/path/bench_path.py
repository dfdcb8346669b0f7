"""Paths in a large inventory, timed: `python -m tests.path.bench_path [--instances 50000]`.

Scans the small cloud of these tests into an embedded store (or `CALIPSO_MONGO_URL`), puts as many
further instances, ports and vNICs beside it as asked for, in networks of 100, and prints the
median of 100 questions in milliseconds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from calipso.analysis.path.find_path import find_path
from calipso.analysis.path.find_why import find_why
from calipso.model.inventory import object_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.api.bench_reading import stores
from tests.path.cloud import NAME, PathCloud, scan

TIMES = 100
OF_NETWORK, OF_HOST = 100, 50


def document(kind: str, item_id: str, **fields: Any) -> dict[str, Any]:
    """An object as it is stored."""
    key = {"_id": object_key(NAME, kind, item_id), "environment": NAME, "type": kind}
    return key | {"id": item_id, "name": item_id, "object_name": item_id} | fields


def further(instances: int) -> Iterator[dict[str, Any]]:
    """Instances with a port and a vNIC each, and their networks."""
    for number in range(instances):
        net, host = f"more-net-{number // OF_NETWORK:05}", f"more-host-{number // OF_HOST:05}"
        instance, port = f"more-instance-{number:06}", f"{number:08x}-0000-4000-8000-00000000000f"
        if number % OF_NETWORK == 0:
            cidr = f"10.{128 + (number // OF_NETWORK) // 256}.{(number // OF_NETWORK) % 256}.0/24"
            yield document("network", net, cidrs=[cidr], subnets={}, network=net)
        address = f"10.128.{number // OF_NETWORK % 256}.{number % OF_NETWORK + 2}"
        fixed = [{"ip_address": address, "subnet_id": "s"}]
        yield document("instance", instance, host=host, network=[net], addresses=[address])
        yield document(
            "port",
            port,
            network_id=net,
            device_id=instance,
            device_owner="compute:nova",
            parent_id=f"{net}-ports",
            fixed_ips=fixed,
        )
        yield document("vnic", f"{host}-tap{port[:11]}", host=host, port_id=port, network=net)


def median(ask: Callable[[], Any]) -> float:
    """Median of the questions, in milliseconds."""
    found = []
    for _ in range(TIMES):
        began = time.perf_counter()
        ask()
        found.append(1000 * (time.perf_counter() - began))
    return statistics.median(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--instances", type=int, default=50_000)
    options = parser.parse_args()
    with stores():
        inv = InventoryMgr()
        inv.ensure_indexes()
        cloud = PathCloud()
        scan(cloud.site)
        documents = further(options.instances)
        while portion := list(islice(documents, 5000)):
            inv.collection("inventory").insert_many(portion)
        web, app = cloud.guests["web"].id, cloud.guests["app"].id
        address = cloud.port("app").fixed[0][1]
        for name, ask in (
            ("path by ids, tunnel", lambda: find_path(inv, NAME, web, app)),
            ("path by ids, routed", lambda: find_path(inv, NAME, app, cloud.guests["mail"].id)),
            ("path by names", lambda: find_path(inv, NAME, "web", "app")),
            ("path to an address", lambda: find_path(inv, NAME, web, address)),
            ("path to the outside", lambda: find_path(inv, NAME, app, "internet")),
            ("why", lambda: find_why(inv, NAME, web)),
        ):
            print(f"{name:24}{median(ask):10.1f} ms", flush=True)


if __name__ == "__main__":
    main()
