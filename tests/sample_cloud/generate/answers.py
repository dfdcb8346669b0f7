"""What a generated host answers to each command."""

from __future__ import annotations

from collections.abc import Callable

from calipso.sources.cli.commands import COMMANDS

from ..cloud import Answer
from .domains import domains_text
from .hardware import bonds_text, lldp_text, nics_text
from .links import HostLinks
from .names import Names
from .ovs import Switch
from .plan import Host

NAME_OF = {command.text: command.name for command in COMMANDS}

NO_SWITCH = Answer(
    err=b"ovs-vsctl: unix:/var/run/openvswitch/db.sock: database connection failed"
    b" (No such file or directory)\n",
    exit=1,
)
NO_DATABASES = Answer(err=b"no socket ovnnb_db.sock in /run/ovn\n", exit=1)
NO_LIBVIRT = Answer(
    err=b"error: failed to connect to the hypervisor\n"
    b"error: Failed to connect socket to '/var/run/libvirt/libvirt-sock':"
    b" No such file or directory\n",
    exit=1,
)

#: What ovs-vsctl prints of OVN on a host without ovn-controller.
NO_OVN = """\
{"data":[[["map",[]]]],"headings":["external_ids"]}
{"data":[],"headings":["name","external_ids"]}
{"data":[],"headings":["name","bfd_status"]}
"""

OS_RELEASE = """\
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.org/"
SUPPORT_URL="https://www.debian.org/support"
BUG_REPORT_URL="https://bugs.debian.org/"
ARCHITECTURE=x86_64
HOSTNAME={name}
"""


def host_answer(host: Host, names: Names, command: str) -> Answer | None:
    """The answer to a command text; None when the host does not know it."""
    simple = SIMPLE.get(command)
    if simple:
        return _said(simple(host))
    name = NAME_OF.get(command)
    if name == "domains" and "compute" not in host.roles:
        return NO_LIBVIRT
    if name == "ovn_chassis":
        return NO_SWITCH if host.driver != "ovs" else _said(NO_OVN)
    if name == "ovs":
        return _said(Switch(host, names).text(command)) if host.driver == "ovs" else NO_SWITCH
    view = VIEWS.get(name or "")
    return _said(view(host, names)) if view else None


def _said(text: str) -> Answer:
    return Answer(text.encode())


def _namespaces(host: Host, names: Names) -> str:
    spaces = HostLinks(host, names).namespaces()
    return "".join(f"{name} (id: {at})\n" for at, (name, _) in enumerate(spaces))


VIEWS: dict[str, Callable[[Host, Names], str]] = {
    "os_release": lambda host, _: OS_RELEASE.format(name=host.name),
    "links": lambda host, names: HostLinks(host, names).text(),
    "namespaces": _namespaces,
    "namespace_links": lambda host, names: HostLinks(host, names).namespace_links_text(),
    "domains": domains_text,
    "nics": lambda host, _: nics_text(host),
    "bonds": lambda host, _: bonds_text(host),
    "lldp": lldp_text,
    "fdb": lambda host, names: HostLinks(host, names).fdb_text(),
    "routes": lambda host, _: "[]\n[]\n",
}

#: Commands that are not in the list of the fetchers, but that tests of a connection run.
SIMPLE: dict[str, Callable[[Host], str]] = {
    "uname -n; hostname -I": lambda host: f"{host.name}\n{host.address} {host.tunnel_ip} \n",
    "hostname": lambda host: f"{host.name}\n",
    "uname -n": lambda host: f"{host.name}\n",
    "hostname -f": lambda host: f"{host.name}\n",
    "true": lambda host: "",
    "id -u": lambda host: "0\n",
    "id -un": lambda host: "root\n",
    "uname -m": lambda host: "x86_64\n",
}
