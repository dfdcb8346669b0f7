"""Lists that zones and hosts both need, asked once a scan."""

from __future__ import annotations

from calipso.discover.fetchers.api.api_access import NOVA, ApiAccess, Items


def nova_services(access: ApiAccess, region: str) -> Items:
    """Nova's services of a region: also those the zone listing leaves out, being disabled."""
    return access.context.shared(
        f"api:services:{region}",
        lambda: list(
            access.list(
                "compute", "/v2.1/os-services", "services", region=region, microversion=NOVA
            )
        ),
    )


def agents(access: ApiAccess, region: str) -> Items:
    """Neutron's agents of a region, none when it offers no networking."""
    if region not in access.regions("network"):
        return []
    return access.context.shared(
        f"api:agents:{region}",
        lambda: list(access.list("network", "/v2.0/agents", "agents", region=region)),
    )


def zone_id(region: str, zone: str, regions: list[str]) -> str:
    """Id of a zone: its name; with several regions, all of which may have a `nova`, prefixed."""
    return zone if len(regions) == 1 else f"{region}-{zone}"
