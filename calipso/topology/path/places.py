"""The place of a port on a host: what Neutron and the host say of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from calipso.model.answer import Verdict
from calipso.model.documents import Record
from calipso.model.hosts import same_host
from calipso.model.path import Hop
from calipso.topology.path.ascent import Step
from calipso.topology.path.hops import hop_of
from calipso.topology.path.world import Place

#: Problems of an instance or service that say why a device is not there.
_MISSING = ("tap_missing", "port_unplugged", "mac_ambiguous")


#: Owner of the port that is on every host of OVN, for metadata.
METADATA = "network:distributed"


def judge_place(place: Place, network: Record) -> list[Hop]:
    """The hop of a port. It says too when there is no device of the port on its host."""
    if place.port is None:
        return []
    port = place.port
    hop = hop_of(Step(port), network)
    hop.name = str(port.get("port_name") or port["id"])
    hop.host = place.host
    if hop.stale_since:
        return [hop]
    if port.get("admin_state_up") is False:
        hop.fail(
            Verdict.NO,
            "port_disabled",
            f"port {port['id']} is switched off in Neutron",
            f"openstack port set --enable {port['id']}",
        )
    if place.vnic is None and not place.logical:
        _judge_missing(hop, place)
    _judge_claim(hop, place)
    return [hop]


def _judge_claim(hop: Hop, place: Place) -> None:
    """With OVN, whether the chassis of the guest's host has the port, with its flows."""
    port, host = place.port or {}, place.host
    words = port.get("ovn")
    guest = str(port.get("device_owner") or "").startswith("compute:")
    if not isinstance(words, Mapping) or words.get("type") or not guest:
        return
    here, more = str(words.get("host") or ""), words.get("additional_hosts") or ()
    hint = "ovn-controller claims it by external_ids:iface-id of the device: see its log there."
    if not words.get("chassis"):
        text = f"{host}: no chassis of OVN has claimed port {hop.id}"
        hop.fail(Verdict.NO, "port_unclaimed", text, hint)
    elif words.get("up") is False:
        text = f"{here or host}: the flows of port {hop.id} are not there (OVN: up is false)"
        hop.fail(Verdict.NO, "port_unclaimed", text, hint)
    elif here and host and not any(same_host(host, each) for each in (here, *more)):
        text = f"{host}: the chassis of {here} has claimed port {hop.id} of this host's guest"
        hop.fail(Verdict.NO, "claimed_elsewhere", text, hint)


def _judge_missing(hop: Hop, place: Place) -> None:
    """Why a port has no device."""
    owner, port = place.owner or {}, place.port or {}
    marks = (str(port.get("id"))[:11], str(port.get("mac_address") or "?"))
    told = [*(owner.get("problems") or ()), *(port.get("problems") or ())]
    for one in told if not owner.get("stale_since") else ():
        message = str(one.get("message") or "")
        if one.get("code") in _MISSING and any(mark in message for mark in marks):
            hop.fail(Verdict.NO, str(one["code"]), message, str(one.get("hint") or ""))
            return
    kind = str(port.get("binding:vif_type") or "")
    if port.get("device_owner") == METADATA and not owner:
        _judge_no_metadata(hop, place)
        return
    if not place.host or kind in ("unbound", "binding_failed"):
        code = "binding_failed" if kind == "binding_failed" else "port_unbound"
        hop.fail(Verdict.NO, code, f"port {hop.id} is bound to no host")
        return
    if owner.get("type") == "vservice" and not owner.get("stale_since"):
        hop.fail(
            Verdict.NO,
            "device_missing",
            f"{place.host}: namespace {owner.get('local_service_id')} has no device of port "
            f"{hop.id}",
            "See the log of the host's L3 or DHCP agent: it plugs the port.",
        )
        return
    hop.fail(
        Verdict.UNKNOWN,
        "device_unknown",
        f"{place.host}: no device of port {hop.id} was read",
        "Was the host read, and is its driver one of the environment? calipso scan show last",
    )


def _judge_no_metadata(hop: Hop, place: Place) -> None:
    """No namespace for metadata was found on the guest's host, where OVN's agent makes one."""
    if place.host_read:
        text = f"{place.host}: there is no namespace ovnmeta-{place.network}"
        hint = f"See the log of the OVN metadata agent on {place.host}: it makes the namespace."
        hop.fail(Verdict.NO, "namespace_gone", text, hint)
        return
    text = f"{place.host or 'the host of the guest'}: nobody read its namespaces"
    hint = "The coverage report of the last scan says why: calipso scan show last"
    hop.fail(Verdict.UNKNOWN, "not_read", text, hint)


def judge_instance(item: Record) -> Hop:
    """The hop of an instance: whether it runs at all."""
    hop = hop_of(Step(item), {})
    if hop.stale_since:
        return hop
    status, power = str(item.get("status") or ""), str(item.get("power_state") or "")
    if status and status.upper() not in ("ACTIVE", "VERIFY_RESIZE", "MIGRATING", "PASSWORD"):
        hop.fail(
            Verdict.NO,
            "instance_not_running",
            f"instance {hop.name} has status {status}",
            f"openstack server start {hop.id}" if status.upper() == "SHUTOFF" else "",
        )
    elif power and power.lower() not in ("running", "nostate"):
        hop.fail(Verdict.NO, "instance_not_running", f"instance {hop.name}: power state {power}")
    return hop


def bound_host(port: Record) -> str:
    """Host that Neutron has bound a port to."""
    return str(port.get("binding:host_id") or "")


def elsewhere(port: Record, host: str) -> bool:
    """True when Neutron has bound the port to another host than this one."""
    bound = bound_host(port)
    profile = port.get("binding:profile")
    going = profile.get("migrating_to") if isinstance(profile, Mapping) else ""
    return bool(bound) and not same_host(bound, host) and not same_host(str(going or ""), host)
