"""Rows of Nova's and Keystone's databases of a generated cloud.

Rows name only the columns that say something; the rest is NULL. Secrets (cell_mappings URLs) are
left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from tests.sample_cloud.cloud import Item
from tests.sample_cloud.generate.identity import REGION
from tests.sample_cloud.generate.names import Names, sql_time
from tests.sample_cloud.generate.nova import CPU_INFO, aggregates, nova_binaries
from tests.sample_cloud.generate.plan import Plan
from tests.sample_cloud.generate.vifs import network_info

Views = dict[tuple[str, str], Callable[[], Iterable[Item]]]

CELL0 = "00000000-0000-0000-0000-000000000000"

#: Columns that are the same for every instance.
CONSTANT_INSTANCE: Item = {
    "kernel_id": "",
    "ramdisk_id": "",
    "launch_index": 0,
    "power_state": 1,
    "vm_state": "active",
    "memory_mb": 2048,
    "vcpus": 1,
    "locked": 0,
    "instance_type_id": 1,
    "root_device_name": "/dev/vda",
    "config_drive": "",
    "progress": 0,
    "auto_disk_config": 0,
    "shutdown_terminate": 0,
    "disable_terminate": 0,
    "root_gb": 20,
    "ephemeral_gb": 0,
    "deleted": 0,
    "cleaned": 0,
    "hidden": 0,
}


class NovaTables:
    """Views of the plan as rows."""

    def __init__(self, plan: Plan, names: Names) -> None:
        self.plan = plan
        self.names = names

    def views(self) -> Views:
        """(schema, table) -> its rows."""
        return {
            ("nova", "instances"): self._instances,
            ("nova", "instance_info_caches"): self._info_caches,
            ("nova", "compute_nodes"): self._compute_nodes,
            ("nova", "services"): self._services,
            ("nova", "virtual_interfaces"): self._virtual_interfaces,
            ("nova_api", "cell_mappings"): self._cells,
            ("nova_api", "host_mappings"): self._host_mappings,
            ("nova_api", "aggregates"): self._aggregates,
            ("nova_api", "aggregate_hosts"): self._aggregate_hosts,
            ("nova_api", "aggregate_metadata"): self._aggregate_metadata,
            ("nova_api", "instance_mappings"): self._instance_mappings,
            ("keystone", "project"): self._projects,
            ("keystone", "region"): lambda: [{"id": REGION, "description": "", "extra": "{}"}],
        }

    def _instances(self) -> Iterator[Item]:
        user, image = self.names.hex("user", "admin"), self.names.uuid("image", 0)
        for instance in self.plan.instances:
            created = sql_time(590 + instance.number * 5)
            row = CONSTANT_INSTANCE | {
                "created_at": created,
                "updated_at": sql_time(600 + instance.number * 5),
                "id": instance.number,
                "user_id": user,
                "project_id": instance.project.id,
                "image_ref": image,
                "hostname": instance.name,
                "host": instance.host.name,
                "reservation_id": f"r-{instance.id[:8]}",
                "launched_at": sql_time(600 + instance.number * 5),
                "display_name": instance.name,
                "availability_zone": instance.host.zone,
                "launched_on": instance.host.name,
                "uuid": instance.id,
                "node": instance.node or instance.host.name,
                **({"vm_state": "error", "power_state": 0} if instance.failed else {}),
            }
            yield self.plan.odd.row(row)

    def _info_caches(self) -> Iterator[Item]:
        for instance in self.plan.instances:
            yield {
                "created_at": sql_time(590 + instance.number * 5),
                "updated_at": sql_time(600 + instance.number * 5),
                "id": instance.number,
                "network_info": json.dumps(network_info(instance)),
                "instance_uuid": instance.id,
                "deleted": 0,
            }

    def _compute_nodes(self) -> Iterator[Item]:
        hosts = self.plan.hosts_with("compute")
        machines = [(host, name) for host in hosts for name in host.machines]
        for number, (host, name) in enumerate(machines, start=1):
            used = len(host.instances)
            yield {
                "created_at": sql_time(60),
                "updated_at": heartbeat(),
                "id": number,
                "vcpus": 64,
                "memory_mb": 262144,
                "local_gb": 2000,
                "vcpus_used": used,
                "memory_mb_used": 512 + 2048 * used,
                "local_gb_used": 20 * used,
                "hypervisor_type": "ironic" if host.nodes else "QEMU",
                "hypervisor_version": 7002022,
                "cpu_info": CPU_INFO,
                "disk_available_least": 1500,
                "free_ram_mb": 261632 - 2048 * used,
                "free_disk_gb": 2000 - 20 * used,
                "current_workload": 0,
                "running_vms": used,
                "hypervisor_hostname": name,
                "deleted": 0,
                "host_ip": host.address,
                "supported_instances": '[["x86_64", "qemu", "hvm"]]',
                "pci_stats": "{}",
                "metrics": "[]",
                "stats": "{}",
                "host": host.name,
                "uuid": self.names.uuid("hypervisor", name),
                "mapped": 1,
            }

    def _services(self) -> Iterator[Item]:
        number = 0
        for host in self.plan.hosts:
            for binary in nova_binaries(host):
                number += 1
                yield {
                    "created_at": sql_time(30),
                    "updated_at": heartbeat(),
                    "id": number,
                    "host": host.name,
                    "binary": binary,
                    "topic": binary.removeprefix("nova-"),
                    "report_count": 4000,
                    "disabled": 0,
                    "deleted": 0,
                    "last_seen_up": heartbeat(),
                    "forced_down": 0,
                    "version": 64,
                    "uuid": self.names.uuid("service", f"{host.name}/{binary}"),
                }

    def _virtual_interfaces(self) -> Iterator[Item]:
        number = 0
        for instance in self.plan.instances:
            for port in instance.ports:
                number += 1
                yield {
                    "created_at": sql_time(595),
                    "id": number,
                    "address": f"{port.mac}/{port.id}",
                    "uuid": port.id,
                    "instance_uuid": instance.id,
                    "deleted": 0,
                }

    # -- nova_api ------------------------------------------------------------------------

    def _cells(self) -> Iterator[Item]:
        cell = self.names.uuid("cell", 1)
        for number, (identity, name) in enumerate(((CELL0, "cell0"), (cell, "cell1")), start=1):
            yield {
                "created_at": sql_time(number),
                "id": number,
                "uuid": identity,
                "name": name,
                "disabled": 0,
            }

    def _host_mappings(self) -> Iterator[Item]:
        for number, host in enumerate(self.plan.hosts_with("compute"), start=1):
            yield {"created_at": sql_time(70), "id": number, "cell_id": 2, "host": host.name}

    def _aggregates(self) -> Iterator[Item]:
        for number, (name, _, _) in enumerate(aggregates(self.plan), start=1):
            identity = self.names.uuid("aggregate", name)
            yield {"created_at": sql_time(300), "id": number, "uuid": identity, "name": name}

    def _aggregate_hosts(self) -> Iterator[Item]:
        pairs = [
            (number, host.name)
            for number, (_, _, hosts) in enumerate(aggregates(self.plan), start=1)
            for host in hosts
        ]
        for row, (number, host) in enumerate(pairs, start=1):
            yield {
                "created_at": sql_time(301),
                "id": row,
                "host": host,
                "aggregate_id": number,
            }

    def _aggregate_metadata(self) -> Iterator[Item]:
        for number, (_, zone, _) in enumerate(aggregates(self.plan), start=1):
            yield {
                "created_at": sql_time(302),
                "id": number,
                "aggregate_id": number,
                "key": "availability_zone" if zone else "ssd",
                "value": zone or "true",
            }

    def _instance_mappings(self) -> Iterator[Item]:
        user = self.names.hex("user", "admin")
        for instance in self.plan.instances:
            yield {
                "created_at": sql_time(590),
                "id": instance.number,
                "instance_uuid": instance.id,
                "cell_id": 2,
                "project_id": instance.project.id,
                "queued_for_delete": 0,
                "user_id": user,
            }

    def _projects(self) -> Iterator[Item]:
        for project in self.plan.projects:
            yield {
                "id": project.id,
                "name": project.name,
                "extra": "{}",
                "description": project.description,
                "enabled": 1,
                "domain_id": "default",
                "parent_id": "default",
                "is_domain": 0,
            }


def heartbeat() -> str:
    """Now, as MySQL writes it."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
