"""Commands in containers: where each distribution keeps its tools.

Distributions that run OpenStack in containers do not install `virsh` or `ovs-vsctl` on the host.
The container's name is tried in order; `every` runs the command in each container that exists,
because Mercury's agents each have namespaces of their own. Docker and podman take the same words;
where a host has both, the one in which the container runs is used: a stopped one may be left from
before. A tool that is in none of the running containers runs on the host, if the host has it: Kolla
lets libvirt run there.
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
        "ovsdb-client": Place(("ovn_nb_db", "ovn_sb_db")),
    },
    "TripleO": {
        "virsh": Place(("nova_virtqemud", "nova_libvirt")),
        "ovsdb-client": Place(("ovn_cluster_north_db_server", "ovn_cluster_south_db_server")),
    },
    "Mercury": {
        "virsh": Place(("novalibvirt_{version}",)),
        "ovs-vsctl": Place(("ovs_vswitch_{version}",)),
        "ip netns": Place(("neutron_l3_agent_{version}", "neutron_dhcp_agent_{version}"), True),
    },
}

_SCRIPT = """\
s= t=
for e in docker podman; do
  command -v "$e" >/dev/null 2>&1 || continue
  for c in {containers}; do
    r=$("$e" container inspect "$c" -f '{{{{.State.Running}}}}' 2>/dev/null) || continue
    [ "$r" != false ] || {{ t="$t $e:$c"; continue; }}
    "$e" exec -u root "$c" sh -c {text}
    s=$?
    {leave}
  done
  [ -z "$s" ] || exit "$s"
done
if command -v {program} >/dev/null 2>&1; then sh -c {text}; exit; fi
[ -z "$t" ] || {{ echo "not running: container$t" >&2; exit 1; }}
echo "not found: container" {containers} >&2
exit 127
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
        program=shlex.quote(tool.split()[0]),
        leave='[ "$s" = 0 ] || exit "$s"' if place.every else 'exit "$s"',
    )
