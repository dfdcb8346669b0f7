"""Commands in containers: where each distribution keeps its tools.

Distributions that run OpenStack in containers do not install `virsh` or `ovs-vsctl` on the host.
The container's name is tried in order; `every` runs the command in each container that exists,
because Mercury's agents each have namespaces of their own. Docker and podman take the same words.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Containers that have a tool. `{version}` stands for the distribution version."""

    containers: tuple[str, ...]
    every: bool = False


#: distribution -> tool -> where it is. A tool that is not listed runs on the host itself.
PLACES: dict[str, dict[str, Place]] = {
    "Kolla": {
        "virsh": Place(("nova_libvirt",)),
        "ovs-vsctl": Place(("openvswitch_vswitchd",)),
    },
    "TripleO": {
        "virsh": Place(("nova_virtqemud", "nova_libvirt")),
    },
    "Mercury": {
        "virsh": Place(("novalibvirt_{version}",)),
        "ovs-vsctl": Place(("ovs_vswitch_{version}",)),
        "ip netns": Place(("neutron_l3_agent_{version}", "neutron_dhcp_agent_{version}"), True),
    },
}

_SCRIPT = """\
e=$(command -v docker || command -v podman) || exit 127
s=127
for c in {containers}; do
  "$e" container inspect "$c" >/dev/null 2>&1 || continue
  "$e" exec -u root "$c" sh -c {text}
  s=$?
  {leave}
done
[ "$s" != 127 ] || echo "not found: container" {containers} >&2
exit "$s"
"""


def wrap(text: str, tool: str, distribution: str, version: str) -> str:
    """The command as it must be run on a host of this distribution."""
    place = PLACES.get(distribution, {}).get(tool)
    if place is None:
        return text
    names = [shlex.quote(name.format(version=version)) for name in place.containers]
    return _SCRIPT.format(
        containers=" ".join(names),
        text=shlex.quote(text),
        leave='[ "$s" = 0 ] || break' if place.every else "break",
    )
