"""Records a cloud: a scan in this process into a temporary inventory, with a Recorder."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from calipso.discover.engine.scan_local import run_local
from calipso.errors import CalipsoError
from calipso.model.documents import Document
from calipso.model.environment import CliSection, Environment
from calipso.model.scan import ScanRequest, ScanStatus
from calipso.recording.recorder import Recorder, check_empty
from calipso.stores.scans.scratch import new_scratch, remove_scratch


def record_environment(
    environment: Environment, directory: Path, *, anonymise: bool = False
) -> Document:
    """Scan a stored environment and write every answer; returns the scan record with `recorded`.

    Raises CalipsoError when the place is taken or the scan failed as a whole.
    """
    check_empty(directory)
    recorder = Recorder(environment, anonymise=anonymise)
    scratch = new_scratch()
    inventory = scratch.inventory
    request = ScanRequest(
        environment=environment.name, inventory=inventory, inventory_only=True, origin="recording"
    )
    try:
        scratch.ensure_indexes()
        scan = run_local(request, recorder=recorder)
        if scan["status"] not in (ScanStatus.COMPLETED, ScanStatus.COMPLETED_WITH_ERRORS):
            raise CalipsoError(
                f"the scan of {environment.name} ended {scan['status']}: nothing is recorded",
                hint=f"calipso env test {environment.name}",
            )
        hosts = scratch.find(environment.name, "host")
        kept = recorder.save(directory, addresses_of(environment, hosts, recorder))
    finally:
        remove_scratch(scratch)
    return scan | {"recorded": kept}


def addresses_of(
    environment: Environment, hosts: list[Document], recorder: Recorder
) -> dict[str, str]:
    """Management address of each host by its name, the gateway first.

    Nova knows those of compute hosts; the others are looked for on the host, in the network of
    those that are known.
    """
    gateway = environment.section(CliSection).host.lower()
    own = {str(host["name"]): recorder.addresses(str(host["name"])) for host in hosts}
    found = {str(host["name"]): str(host.get("ip_address") or "") for host in hosts}
    first = next((name for name in found if _is(name, gateway, {found[name], *own[name]})), "")
    if first and _is_address(gateway):
        found[first] = gateway
    for name, address in found.items():
        near = (a for a in own[name] if any(_near(a, other) for other in found.values() if other))
        found[name] = address or next(near, "") or next(iter(own[name]), "")
    return {name: found[name] for name in sorted(found, key=lambda name: (name != first, name))}


def _is(name: str, gateway: str, addresses: set[str]) -> bool:
    return gateway in (name.lower(), name.lower().partition(".")[0]) or gateway in addresses


def _near(one: str, other: str) -> bool:
    first, second = ipaddress.ip_address(one), ipaddress.ip_address(other)
    drop = 8 if first.version == 4 else 64
    return first.version == second.version and int(first) >> drop == int(second) >> drop


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
