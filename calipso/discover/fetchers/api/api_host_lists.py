"""Lists that zones and hosts both need, asked once a scan."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from calipso.errors import AccessError, ApiAccessError, ErrorKind, PartialAnswer
from calipso.model.inventory import Fetched
from calipso.sources.api.api_access import ApiAccess, Items
from calipso.sources.api.api_problems import problem

#: Since 2.69 Nova names the compute hosts of cells it cannot reach; older ones leave them out.
CELLS = "2.69"


def nova_services(access: ApiAccess, region: str) -> Items:
    """Nova's services of a region: also those the zone listing leaves out, being disabled."""
    return [service for service in _services(access, region) if not _is_silent(service)]


def silent_hosts(access: ApiAccess, region: str) -> set[str]:
    """Compute hosts of cells that Nova cannot reach: Nova lists their names only."""
    services = _services(access, region)
    return {str(service["host"]) for service in services if _is_silent(service)}


def cells_away(region: str, hosts: Iterable[str]) -> ApiAccessError:
    """Nova leaves out what lies in cells it cannot reach, without saying so."""
    names = sorted(hosts)
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    error = problem(
        ErrorKind.SERVER_ERROR,
        f"compute in {region}: Nova cannot reach the cell of {', '.join(names[:5])}{more}; "
        "its lists are incomplete",
    )
    error.hint = "Is the database of that cell up? (nova-manage cell_v2 list_cells)"
    return error


def of_regions(regions: Iterable[str], ask: Callable[[str], list[Fetched]]) -> list[Fetched]:
    """What `ask` returns for all regions. A region that fails does not stop the others.

    Raises PartialAnswer with what the others have, or the error when it is the only one.
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
    """Id of a zone: its name; with several regions, all of which may have a `nova`, prefixed."""
    return zone if len(regions) == 1 else f"{region}-{zone}"
