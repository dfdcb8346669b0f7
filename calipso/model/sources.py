"""The sources of a cloud, each declared once.

A declaration gives the queue of that name with its field in `queues` of an environment, the section
of the environment with the address, the access class, the lines of the coverage report, the
metrics, the steps of the environment test and the folder in a recording. A plug-in may bring a
source of its own: an access class in `<its package>/<name>/<name>_access.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from calipso.errors import (
    AccessError,
    AciAccessError,
    ApiAccessError,
    CliAccessError,
    DbAccessError,
    OvnAccessError,
)


@dataclass(frozen=True)
class Source:
    """One source.

    `name` is also the name of its queue and the first word of its fetchers. `section` is its
    section of the environment, `access` the module and class that send requests to it, `error` the
    error that they raise. `steps` is the module and function that test it: the function takes a
    ScanContext and the hosts found so far, and yields steps. `counts` is the first word of its
    counters (`ssh_commands`), `recorded` is what a recording counts of it. `per_host` means that
    it asks the hosts, which may have queues of their own. An environment needs no section of a
    source that is `optional`. `queue_of` is another source whose queue has its tasks; without it,
    they have the queue of its name, which workers must be told to serve.
    """

    name: str
    section: str
    access: str
    error: type[AccessError]
    steps: str
    counts: str
    recorded: str
    per_host: bool = False
    optional: bool = False
    queue_of: str = ""

    @property
    def queue(self) -> str:
        """The queue of its tasks where an environment does not name another one."""
        return self.queue_of or self.name


SOURCES: tuple[Source, ...] = (
    Source(
        "api",
        "OpenStack",
        "calipso.sources.api.api_access:ApiAccess",
        ApiAccessError,
        steps="calipso.probe.environment_test:cloud_steps",
        counts="api",
        recorded="API lists",
    ),
    Source(
        "db",
        "mysql",
        "calipso.sources.db.db_access:DbAccess",
        DbAccessError,
        steps="calipso.probe.environment_test:database_steps",
        counts="sql",
        recorded="tables",
    ),
    Source(
        "cli",
        "CLI",
        "calipso.sources.cli.cli_access:CliAccess",
        CliAccessError,
        steps="calipso.probe.environment_test:host_steps",
        counts="ssh",
        recorded="hosts",
        per_host=True,
    ),
    Source(
        "ovn",
        "OVN",
        "calipso.sources.ovn.ovn_access:OvnAccess",
        OvnAccessError,
        steps="calipso.probe.ovn_test:ovn_steps",
        counts="ovn",
        recorded="OVN databases",
        optional=True,
        queue_of="cli",
    ),
    Source(
        "aci",
        "ACI",
        "calipso.sources.aci.aci_access:AciAccess",
        AciAccessError,
        steps="calipso.probe.aci_test:aci_steps",
        counts="aci",
        recorded="APIC classes",
        optional=True,
        queue_of="api",
    ),
)

BY_NAME: dict[str, Source] = {source.name: source for source in SOURCES}
BY_SECTION: dict[str, Source] = {source.section: source for source in SOURCES}

#: Queues of the computing part, whose workers are processes.
GRAPH_QUEUES = ("links", "cliques")
#: Queues that workers with threads take from: planning, events, and all sources.
SOURCE_QUEUES = ("scan", "events", *dict.fromkeys(source.queue for source in SOURCES))
#: Queues of every installation.
QUEUES = (*SOURCE_QUEUES, *GRAPH_QUEUES)


def asks_hosts(name: str) -> bool:
    """True for a source that asks the hosts themselves."""
    return name in BY_NAME and BY_NAME[name].per_host


def is_optional(name: str) -> bool:
    """True for a source that a cloud may not have at all."""
    return name in BY_NAME and BY_NAME[name].optional


def slowest(names: Iterable[str]) -> str:
    """Return the sources of a fetcher, with the source of its queue first.

    A source that asks hosts comes first: a host that does not answer must not delay tasks that ask
    no host, and perhaps only certain workers reach the host.
    """
    listed = list(names)
    return next((name for name in listed if asks_hosts(name)), listed[0])


def source_of_error(error: Exception) -> str:
    """Return the name of the source that raised an error; empty for any other error."""
    return next((source.name for source in SOURCES if isinstance(error, source.error)), "")
