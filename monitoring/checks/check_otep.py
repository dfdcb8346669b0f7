"""A tunnel endpoint: its address and tunnels are there, and its peers answer."""

from typing import List, Optional

try:
    from . import base
    from .base import Facts, Item, Result
except ImportError:  # run as a program
    import base  # type: ignore[import-not-found,no-redef]
    from base import Facts, Item, Result  # type: ignore[no-redef]

FIELDS = (
    "ip_address",
    "device",
    "mtu",
    "tunnel_device",
    "remote_addresses",
    "overlay_type",
    "host",
)

#: Peers that the line names.
NAMED = 5


def evaluate(item: Item, facts: Facts) -> Result:
    """Return whether packets can leave by the endpoint and reach its peers."""
    return _local(item, facts) or _tunnels(item, facts) or _peers(item, facts)


def _local(item: Item, facts: Facts) -> "Optional[Result]":
    """What is wrong on the host: the device, the address, the tunnel device."""
    name, address = str(item.get("device") or ""), str(item.get("ip_address") or "")
    device = facts.devices.get(name)
    if name and device is None:
        return base.error("{} is gone".format(name))
    if device is not None and not device.up:
        return base.error("{} is down".format(name), at_once=True)
    if device is not None and address not in [a.partition("/")[0] for a in device.addresses]:
        return base.error("{} has lost the address {}".format(name, address))
    tunnel = str(item.get("tunnel_device") or "")
    if tunnel and tunnel not in facts.devices:
        return base.error("{} is gone".format(tunnel))
    if tunnel and not facts.devices[tunnel].up:
        return base.error("{} is down".format(tunnel))
    return None


def _tunnels(item: Item, facts: Facts) -> "Optional[Result]":
    """What is wrong with the tunnel ports of Open vSwitch."""
    wanted = {str(peer) for peer in item.get("remote_addresses") or ()}
    if item.get("tunnel_device") or not wanted:
        return None
    ports = [port for port in facts.switch.values() if port.remote_ip in wanted]
    good = {port.remote_ip for port in ports if not port.error and port.up}
    missing = sorted(wanted - good)
    if not missing:
        return None
    text = "no tunnel to {}{}".format(", ".join(missing[:NAMED]), _more(missing))
    return base.warning(text) if good else base.error(text)


def _peers(item: Item, facts: Facts) -> Result:
    """What peers answer. `facts.more["pings"]` has of each that was asked: large, small, none."""
    answers = (facts.more.get("pings") or {}).get(str(item.get("ip_address")), {})
    if facts.more.get("ping_failed") and item.get("remote_addresses"):
        return base.unknown("its peers could not be asked: {}".format(facts.more["ping_failed"]))
    silent = sorted(peer for peer, said in answers.items() if said == "none")
    small = sorted(peer for peer, said in answers.items() if said == "small")
    if answers and len(silent) == len(answers):
        return base.error("none of {} peers answers".format(len(answers)), "\n".join(silent))
    if silent:
        return base.warning("{} does not answer{}".format(silent[0], _more(silent, 1)))
    if small:
        return base.warning("{} answers only small packets{}".format(small[0], _more(small, 1)))
    if answers:
        return base.ok("{} peers answer".format(len(answers)))
    return base.ok("the endpoint is there; no peer was asked")


def _more(names: "List[str]", shown: int = NAMED) -> str:
    return " and {} more".format(len(names) - shown) if len(names) > shown else ""


if __name__ == "__main__":
    base.run(evaluate)
