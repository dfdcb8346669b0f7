"""Lists that both zones and hosts need. A scan requests each list once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from calipso.discover.fetchers.api.host_names import Names, names_of_hosts, renamed
from calipso.errors import AccessError, ApiAccessError, ErrorKind, PartialAnswer
from calipso.model.documents import Document
from calipso.model.inventory import Fetched
from calipso.sources.api.api_access import ApiAccess, Items
from calipso.sources.api.api_problems import problem

#: Since 2.69 Nova names the compute hosts of cells it cannot reach; older ones leave them out.
CELLS = "2.69"


def nova_services(access: ApiAccess, region: str) -> Items:
    """Return Nova's services of a region, including disabled ones, which the zone listing omits."""
    return [service for service in _services(access, region) if not _is_silent(service)]


def silent_hosts(access: ApiAccess, region: str) -> set[str]:
    """Return the names of compute hosts in cells that Nova cannot reach."""
    services = _services(access, region)
    return {str(service["host"]) for service in services if _is_silent(service)}


class Listed(NamedTuple):
    """What Nova and Neutron list of the hosts of a region."""

    #: Services of Nova.
    services: list[Document]
    #: Agents of Neutron, under Nova's names of their hosts.
    agents: list[Document]
    names: Names
    #: Compute hosts in cells that Nova cannot reach. Agents on them are left out.
    silent: set[str]


def listed_hosts(access: ApiAccess, region: str) -> Listed:
    """Return the services and agents of a region."""
    services, silent = nova_services(access, region), silent_hosts(access, region)
    agents = [agent for agent in access.network_agents(region) if agent["host"] not in silent]
    names = names_of_hosts(services, agents)
    return Listed(services, renamed(agents, names), names, silent)


def cells_away(region: str, hosts: Iterable[str]) -> ApiAccessError:
    """Report cells that Nova cannot reach: its lists omit their content and do not say so."""
    names = sorted(hosts)
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    error = problem(
        ErrorKind.SERVER_ERROR,
        f"compute in {region}: Nova cannot reach the cell of {', '.join(names[:5])}{more}; "
        "its lists are incomplete",
    )
    error.hint = "Is the database of that cell up? (nova-manage cell_v2 list_cells)"
    return error


def all_but_silent(region: str, silent: Iterable[str], found: list[Fetched]) -> list[Fetched]:
    """Return what was found. Raises PartialAnswer with it if Nova cannot reach some hosts."""
    if hosts := list(silent):
        raise PartialAnswer([cells_away(region, hosts)], found)
    return found


def of_regions(regions: Iterable[str], ask: Callable[[str], list[Fetched]]) -> list[Fetched]:
    """Return what `ask` returns, for all regions. A region that fails does not stop the others.

    Raises PartialAnswer with the answers of the other regions, or the error itself when there is
    only one region.
    """
    found: list[Fetched] = []
    errors: list[AccessError] = []
    for region in regions:
        try:
            found += ask(region)
        except PartialAnswer as error:
            found += error.found
            errors.append(error)
        except AccessError as error:
            errors.append(error)
    if len(errors) == 1 and not found:
        raise errors[0]
    if errors:
        raise PartialAnswer(errors, found)
    return found


def _services(access: ApiAccess, region: str) -> Items:
    return access.context.shared(
        f"api:services:{region}",
        lambda: list(
            access.list(
                "compute", "/v2.1/os-services", "services", region=region, microversion=CELLS
            )
        ),
    )


def _is_silent(service: Fetched) -> bool:
    return service.get("status") == "UNKNOWN" and "zone" not in service


def zone_id(region: str, zone: str, regions: list[str]) -> str:
    """Return the id of a zone: its name.

    With several regions the id begins with the region, because each may have a zone `nova`.
    """
    return zone if len(regions) == 1 else f"{region}-{zone}"
