"""PlugProblems: what a link finder reports of faults of plugs, on objects and on their owners."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from calipso.discover.find_links import FindLinks
from calipso.model.documents import Record
from calipso.topology.plugs import Fault, Neutron, broken_pair, loose_tap
from calipso.topology.plumbing import values

VCONNECTOR_FIELDS = (
    *("bridge_name", "interfaces", "interfaces_names", "network", "ways_out"),
    *("stale_since", "problems"),
)


class PlugProblems(FindLinks):
    """A finder that has read `vnics` (by host and device) and what Neutron says of ports."""

    scope = "host"

    def __init__(self) -> None:
        super().__init__()
        self.vnics: dict[tuple[str, str], Record] = {}
        self.neutron = Neutron(())
        #: What cuts the owners of vNICs off, by type, id and host of the owner.
        self.cut_off: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)

    def tell(self, item: Record, fault: Fault, vnics: list[Record]) -> None:
        """Report a fault on an object, and note that it cuts off the owners of these vNICs."""
        self.problem(item, code=fault.code, message=fault.message, hint=fault.hint)
        for vnic in vnics if fault.state == "down" else ():
            for kind in ("instance", "vservice"):
                if owner := vnic.get(f"{kind}_id"):
                    about = kind, str(owner), str(vnic.get("host") or "")
                    self.cut_off[about].append(f"{vnic['name']}: {fault.message}")

    def vnics_of(self, vconnector: Record) -> list[Record]:
        """Return the vNICs behind a Linux bridge: its members, and the tap for which it
        was made.
        """
        host, bridge = host_of(vconnector), str(vconnector.get("bridge_name") or "")
        names = {*values(vconnector.get("interfaces_names")), f"tap{bridge[3:]}"}
        return [self.vnics[host, name] for name in sorted(names) if (host, name) in self.vnics]

    def tell_of_switch(self, vedge: Record, lost: list[Fault]) -> None:
        """Ports that Open vSwitch cannot use. Tunnels are told of on their endpoint."""
        for fault in lost:
            self.problem(vedge, code=fault.code, message=fault.message, hint=fault.hint)

    def tell_of_wiring(self, vedges: dict[str, Record]) -> None:
        """Report taps that are not in their bridge, and bridges without a path to the switch.

        What was not read this time proves neither: what was reported of it before stays.
        """
        bridges: defaultdict[str, dict[str, Record]] = defaultdict(dict)
        for vconnector in self.find("vconnector", VCONNECTOR_FIELDS):
            host = host_of(vconnector)
            bridges[host][str(vconnector.get("bridge_name"))] = vconnector
            vedge, read = self.switch_as_read(vedges.get(host), vconnector)
            if fault := broken_pair(vconnector, vedge) if _is_read(vconnector) else None:
                self.tell(vconnector, fault, self.vnics_of(vconnector))
            elif not read:
                self.keep_told(vconnector, "veth_broken", self.vnics_of(vconnector))
        for (host, name), vnic in self.vnics.items():
            if vnic["name"] != name:
                continue
            vedge, read = self.switch_as_read(vedges.get(host), vnic)
            if fault := loose_tap(vnic, vedge, bridges[host]) if _is_read(vnic) else None:
                self.tell(vnic, fault, [vnic])
            elif not read:
                self.keep_told(vnic, "tap_not_in_bridge", [vnic])

    def switch_as_read(self, vedge: Record | None, item: Record) -> tuple[Record | None, bool]:
        """Return the switch of an object's host if it was read, and whether both were."""
        if vedge is None or _is_read(vedge):
            return vedge, _is_read(item)
        return None, False

    def keep_told(self, item: Record, code: str, vnics: list[Record]) -> None:
        """Let a problem stay that an object has, and that its owner is cut off by it."""
        if code not in {problem.get("code") for problem in item.get("problems") or ()}:
            return
        self.may_have(item, code)
        for vnic in vnics:
            for kind in ("instance", "vservice"):
                if owner := vnic.get(f"{kind}_id"):
                    self.may_have({"type": kind, "id": owner}, "cut_off")

    def tell_of_neutron(self, host_of_port: Callable[[Record], str]) -> None:
        """Report ports that Neutron could not bind, on the port and on its instance.

        They are problems of the host to which Neutron wanted to bind the port.
        """
        for port in self.neutron.ports.values():
            if port.get("binding:vif_type") != "binding_failed":
                continue
            host = host_of_port(port)
            if not self.is_of(host):
                continue
            fault = self.neutron.binding_failed(port)
            about_port = {"type": "port", "id": port["id"], "host": host}
            self.problem(about_port, code=fault.code, message=fault.message, hint=fault.hint)
            if str(port.get("device_owner")).startswith("compute:"):
                about = "instance", str(port.get("device_id")), host
                self.cut_off[about].append(fault.message)

    def tell_of_owners(self) -> None:
        """Report the instances and vservices that one of these faults cuts off."""
        for (kind, owner, host), messages in sorted(self.cut_off.items()):
            self.problem(
                {"type": kind, "id": owner, "host": host},
                code="cut_off",
                message="; ".join(sorted(set(messages))),
                hint=f"`calipso clique show {owner}` shows where the path ends.",
            )


def host_of(item: Record) -> str:
    """Host of an object."""
    return str(item.get("host") or "")


def _is_read(item: Record) -> bool:
    """False for an object that the last scan could not read."""
    return "stale_since" not in item
