"""Trying a host out before a scan: log in, become root, which tools are there.

For `calipso env test`; asks nothing of the stores.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from calipso.discover.fetchers.cli import bundle
from calipso.discover.fetchers.cli.connections import HostConnections
from calipso.discover.fetchers.cli.container import wrap
from calipso.discover.fetchers.cli.problems import no_answer
from calipso.discover.fetchers.cli.ssh import SshConnection
from calipso.errors import CliAccessError, ErrorKind

#: Program -> what a scan loses without it.
TOOLS = {
    "ip": "devices, addresses and namespaces",
    "bridge": "the other ends of Linux bridge tunnels",
    "ethtool": "speed and driver of NICs",
    "lldpctl": "switch ports that NICs are plugged into",
    "ovs-vsctl": "Open vSwitch",
    "virsh": "vNICs of instances",
    "timeout": "an end to commands that hang",
}


@dataclass(frozen=True)
class HostProbe:
    """What was found out. `error` is None when the host can be scanned; it then has a hint."""

    host: str
    name: str = ""  # what the host calls itself
    user: str = ""
    sudo: bool = False  # commands run through `sudo -n`
    tools: dict[str, bool] = field(default_factory=dict)
    error: CliAccessError | None = None


def probe(connections: HostConnections, host: str) -> HostProbe:
    """Connect, run a command, try sudo where it is needed, look for the tools. Never raises."""
    try:
        connection = connections.get(host)
        said = _ask(connections, connection, host, {"name": "uname -n", "user": "id -un"}, False)
        name, user = said["name"].out.strip(), said["user"].out.strip()
        sudo = connections.sudo_for(connection) and user != "root"
    except CliAccessError as error:
        return HostProbe(host, error=error)
    try:
        tools = _tools(connections, connection, host, sudo=sudo)
    except CliAccessError as error:
        return HostProbe(host, name, user, sudo, error=error)
    return HostProbe(host, name, user, sudo, tools)


def _tools(
    connections: HostConnections, connection: SshConnection, host: str, *, sudo: bool
) -> dict[str, bool]:
    environment = connections.environment
    place = (environment.distribution, environment.distribution_version)
    texts = {tool: wrap(f"command -v {tool}", tool, *place) for tool in TOOLS}
    said = _ask(connections, connection, host, texts, sudo)
    return {tool: tool in said and said[tool].exit == 0 for tool in TOOLS}


def _ask(
    connections: HostConnections,
    connection: SshConnection,
    host: str,
    texts: dict[str, str],
    sudo: bool,
) -> dict[str, bundle.Section]:
    limit = connections.config.ssh_connect_timeout
    script = bundle.compose(bundle.Question(n, t, max(1, int(limit))) for n, t in texts.items())
    said = connection.execute(script.command_line(sudo=sudo), limit * 2)
    sections = bundle.parse_output(script, said.out, said.err)
    if not sections:
        raise no_answer(host, connection.account.user, said)
    missing = [name for name in texts if name not in sections or sections[name].exit is None]
    if missing:
        raise CliAccessError(
            f"{host}: the answer broke off at {missing[0]}",
            kind=ErrorKind.TIMEOUT if said.timed_out else ErrorKind.TRUNCATED,
            hint="Try again; when it stays, look at the host's sshd log.",
            host=host,
        )
    return sections
