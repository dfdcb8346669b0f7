"""Problems of hosts, made from what Nova and Neutron list. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from shlex import quote
from typing import Any

from calipso.discover.fetchers.api.host_names import Names
from calipso.errors import ErrorKind
from calipso.model.drivers import Found
from calipso.model.inventory import Fetched
from calipso.model.scan import Problem


def some(names: Iterable[str], most: int = 5) -> str:
    """Return names for a message: the first few, and the number of the others."""
    listed = sorted(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return f"{', '.join(listed[:most])}{more}"


def service_problems(hosts: Iterable[Fetched]) -> Iterator[Problem]:
    """Report services of Nova that do not report any more."""
    for host in hosts:
        for binary, state in host["services"].items():
            if state["available"]:
                continue
            compute = binary == "nova-compute"
            forced = " (an administrator forced it down)" if state.get("forced_down") else ""
            yield _of_host(
                host,
                "compute_service_down" if compute else "service_down",
                f"{host['name']}: Nova's service {binary} does not report{forced}",
                f"Look at {binary} on {host['name']}; openstack compute service list shows it.",
            )


def name_problems(names: Names, hosts: Mapping[str, Fetched]) -> Iterator[Problem]:
    """Report machines for which Nova and Neutron have different names, or seem to."""
    hint = (
        "Ports are bound by the host's name: give `host` of nova.conf and of the agents' "
        "configuration on it the same value."
    )
    for other, name in sorted(names.aliases.items()):
        if name in hosts:
            message = f"{name}: Neutron calls this host {other}"
            yield _of_host(hosts[name], "host_named_twice", message, hint)
    for other, name in names.doubtful:
        if name in hosts and other in hosts:
            message = (
                f"{name}: Nova's host {name} and Neutron's host {other} may be one machine; they "
                "are kept apart"
            )
            yield _of_host(hosts[name], "host_named_twice", message, hint)


def region_problem(
    environment: str, region: str, first: str, names: Iterable[str], others: int
) -> Problem:
    """Report hosts of a region that are left out, because hosts of another region have
    their names.
    """
    listed = list(names)
    return Problem(
        kind=ErrorKind.UNEXPECTED_OUTPUT,
        code="host_name_in_two_regions",
        object_type="region",
        object_id=region,
        message=f"{environment}: region {region}: {len(listed)} of {len(listed) + others} hosts "
        f"have the names of hosts of {first} and are left out, such as {some(listed)}",
        hint=f"Make an environment of its own for {region}: `region` of its OpenStack section, "
        "`mysql` with the databases of that region.",
        source="api",
    )


def driver_problems(
    environment: str, found: Iterable[Found], mechanism_drivers: Iterable[str]
) -> Iterator[Problem]:
    """Report one error for each driver that a scan does not read, with its hosts and what is
    missing.
    """
    drivers = list(mechanism_drivers)
    for driver in found:
        if driver.read_in(drivers):
            continue
        yield Problem(
            kind=ErrorKind.UNSUPPORTED,
            code="driver_not_read",
            message=f"{environment}: {driver_message(driver)}",
            hint=driver_hint(driver, drivers, environment),
            source="api",
        )


def host_driver_problems(
    environment: str,
    found: Iterable[Found],
    hosts: Mapping[str, Fetched],
    mechanism_drivers: Iterable[str],
) -> Iterator[Problem]:
    """Report the same as a warning on each host, besides the error of the cloud."""
    drivers = list(mechanism_drivers)
    for driver in found:
        for name in () if driver.read_in(drivers) else driver.hosts:
            if name in hosts:
                message = f"{name}: {driver.word} is not read: {driver.missing} are missing"
                hint = driver_hint(driver, drivers, environment)
                yield _of_host(hosts[name], "driver_not_read", message, hint)


def driver_message(found: Found) -> str:
    """Return the message: which driver is not read, on which hosts, and what is missing."""
    where = f" on {some(found.hosts)}" if found.hosts else ""
    return f"{found.word}{where} is not read: {found.missing} are missing"


def driver_hint(found: Found, mechanism_drivers: Iterable[str], environment: str) -> str:
    """What to do about it: the command, for this environment."""
    if found.driver is not None and found.driver.read:
        wanted = ",".join([*mechanism_drivers, found.name])
        return f"calipso env set {quote(environment)} mechanism_drivers={wanted}"
    return "Calipso has no fetchers for this driver yet: see the drivers in docs/environments.md."


def _of_host(host: Mapping[str, Any], code: str, message: str, hint: str) -> Problem:
    return Problem(
        kind=ErrorKind.REPORTED if code != "driver_not_read" else ErrorKind.UNSUPPORTED,
        code=code,
        object_type="host",
        object_id=str(host["id"]),
        message=message,
        hint=hint,
        source="api",
        host=str(host["id"]),
        warning=True,
    )
