"""A tunnel to an address that no host of the environment has: its host is gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts


class TunnelToUnknownHost(DriftRule):
    """A tunnel leads to an address that is no endpoint of any host."""

    severity = DriftSeverity.MINOR
    sentence = "A tunnel leads to an address that no host has."
    remedy = (
        "See whether a host was taken away whose endpoint is still in Neutron's table "
        "`ml2_<type>_endpoints`."
    )
    whole = True
    reads: ClassVar[Reads] = {
        "otep": ("ip_address", "remote_addresses"),
        "host": ("addresses", "ip_address"),
    }

    def find(self, facts: Facts) -> Iterator[Found]:
        """Only in an environment whose hosts could all be read: the address may be of another."""
        if facts.silent or not all(facts.is_read(host["id"]) for host in _with_switch(facts)):
            return
        known = {str(item.get("ip_address")) for item in facts.every("otep")}
        for host in facts.every("host"):
            known.add(str(host.get("ip_address")))
            for one in host.get("addresses") or ():
                known.add(str(one.get("address", "")).partition("/")[0])
        for endpoint in facts.of("otep"):
            for address in endpoint.get("remote_addresses") or ():
                if str(address) not in known:
                    yield Found(
                        endpoint,
                        f"{endpoint.get('host')} has a tunnel to {address}, which no host has",
                        (said("cli", endpoint, f"remote_ip={address}"),),
                        part=str(address),
                    )


def _with_switch(facts: Facts) -> Iterator[dict[str, object]]:
    """Hosts that have a tunnel endpoint by Neutron's word."""
    for name in {item.get("host") for item in facts.every("otep")}:
        yield {"id": name}
