"""What Neutron and OVN say differently of a port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from calipso.discover.fetchers.ovn.cloud import OvnCloud
from calipso.errors import ErrorKind
from calipso.model.documents import Document
from calipso.model.drivers import BY_NAME
from calipso.utils.clock import now

#: Fields of a port that are compared.
PORT_FIELDS = (
    "id",
    "network_id",
    "device_owner",
    "status",
    "revision_number",
    "updated_at",
    "binding:host_id",
    "binding:vif_type",
    "binding:vif_details",
)

_OVN = frozenset(BY_NAME["OVN"].bound_names)

#: Neutron's maintenance compares every five minutes, and leaves out what changed just now.
MAINTAINED = timedelta(minutes=15)

#: Owners of ports that Neutron does not write into OVN: an address, and no place for packets.
_WITHOUT_LOGICAL_PORT = frozenset({"network:floatingip"})


class Told(NamedTuple):
    """A fault of a port, as `Fetcher.problem` takes it."""

    code: str
    message: str
    hint: str
    kind: str = ErrorKind.REPORTED


def port_problems(cloud: OvnCloud, port: Mapping[str, Any], words: Document) -> Iterator[Told]:
    """Yield each fault of a stored port; `words` is what OVN has of it, empty for nothing."""
    if bound_by_another(port) or port.get("device_owner") in _WITHOUT_LOGICAL_PORT:
        return
    identity = f"port {port['id']}"
    if not words:
        yield Told(
            "logical_port_missing",
            f"{identity}: OVN has no logical port of this name",
            "neutron-ovn-db-sync-util compares both, and repairs OVN. A port made during the scan "
            "is read by the next one.",
        )
        return
    yield from _of_guest(cloud, identity, port, words)
    yield from _of_revision(identity, port, words)
    yield from _of_gateway(identity, words)
    yield from _of_floating_ips(identity, words)


def bound_by_another(port: Mapping[str, Any]) -> bool:
    """True for a port that another mechanism driver has bound: on a host without OVN."""
    details = port.get("binding:vif_details")
    bound = details.get("bound_drivers") if isinstance(details, Mapping) else None
    names = {str(name) for name in bound.values()} if isinstance(bound, Mapping) else set()
    return bool(names) and not names & _OVN


def _of_guest(
    cloud: OvnCloud, identity: str, port: Mapping[str, Any], words: Document
) -> Iterator[Told]:
    """A port that one chassis claims: is it up, and where Neutron has it?"""
    if words.get("type") or not str(port.get("device_owner") or "").startswith("compute:"):
        return
    status, up = port.get("status"), words.get("up")
    if status == "DOWN" and up is True:
        yield Told(
            "port_status_differs",
            f"{identity}: Neutron has it as DOWN, OVN as up on {words.get('host') or 'a chassis'}",
            "Neutron learns it from an event only, and this one was lost: its guest has its "
            "network. See the log of neutron-server at the time when the port came up.",
        )
    elif status == "ACTIVE" and (up is False or not words.get("chassis")):
        what = "not up" if words.get("chassis") else "claimed by no chassis"
        yield Told(
            "port_status_differs",
            f"{identity}: Neutron has it as ACTIVE, in OVN it is {what}",
            "Does ovn-controller run on its host? See its log there.",
        )
    bound = str(port.get("binding:host_id") or "")
    here, more = str(words.get("host") or ""), words.get("additional_hosts") or []
    wanted = cloud.host_named(bound) if bound else ""
    if wanted and here and wanted not in (here, *more):
        yield Told(
            "claimed_elsewhere",
            f"{identity}: Neutron has bound it to {wanted}, and the chassis of {here} has it",
            "A migration that has not finished or that failed leaves this, and so does a second "
            "device with the port's id in its external_ids iface-id.",
        )


def _of_revision(identity: str, port: Mapping[str, Any], words: Document) -> Iterator[Told]:
    number, known = port.get("revision_number"), words.get("revision_number")
    if not isinstance(number, int) or not isinstance(known, int) or known >= number:
        return
    if _is_old(str(port.get("updated_at") or "")):
        yield Told(
            "ovn_behind",
            f"{identity}: Neutron has revision {number}, OVN still has {known}",
            "A change has not reached OVN: see the log of neutron-server. Its maintenance task "
            "repairs such rows, or neutron-ovn-db-sync-util does.",
        )


def _is_old(changed: str) -> bool:
    """False for a change that Neutron's maintenance may not have compared yet: each bind of a
    gateway and each event of a port counts as one, and does not go to OVN at once.
    """
    try:
        when = datetime.fromisoformat(changed)
    except ValueError:
        return True
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return now() - when > MAINTAINED


def _of_gateway(identity: str, words: Document) -> Iterator[Told]:
    gateway = words.get("gateway")
    if not gateway:
        return
    names = ", ".join(each["host"] or each["chassis"] for each in gateway["candidates"])
    if not gateway["chassis"]:
        yield Told(
            "gateway_unclaimed",
            f"{identity}: no chassis is the gateway of this router; candidates: {names}",
            "Does ovn-controller run on one of them, and is the physical network mapped there?",
        )
    elif gateway["candidates"] and gateway["candidates"][0]["chassis"] != gateway["chassis"]:
        yield Told(
            "gateway_not_wished",
            f"{identity}: the gateway is on {gateway['host'] or gateway['chassis']}; wished is "
            f"{gateway['wished_host'] or gateway['candidates'][0]['chassis']}",
            "The wished chassis has failed, or the others do not reach it by BFD: look at its "
            "ovn-controller and ovs-vswitchd.",
        )


def _of_floating_ips(identity: str, words: Document) -> Iterator[Told]:
    """A distributed floating IP without its MAC is on the gateway, though it need not be."""
    for nat in words.get("nat") or ():
        if nat.get("wanted_mac") and not nat["distributed"] and words.get("up"):
            yield Told(
                "external_mac_missing",
                f"{identity}: floating IP {nat['external_ip']} should be distributed, and OVN has "
                "no external MAC for it",
                "Its traffic goes by the gateway. Neutron sets the MAC when the port comes up: "
                "associate the floating IP again.",
            )
