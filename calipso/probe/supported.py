"""Which environments can be scanned: the conditions of the scan tree decide.

The original has a table of distributions and versions; here the scan asks hosts and databases what
they are, so that only the mechanism driver and the type of the environment decide.
"""

from __future__ import annotations

from calipso.discover.engine.scanners_metadata import load_scanners
from calipso.model.documents import Document
from calipso.model.environment import Environment
from calipso.utils.constants import constant_values

#: The type of environment whose sources there are fetchers for.
SCANNED_TYPE = "OpenStack"


def scanned_drivers() -> list[str]:
    """Mechanism drivers that some entry of the scan tree reads."""
    found: set[str] = set()
    for entries in load_scanners().scanners.values():
        for entry in entries:
            wanted = entry.condition.get("mechanism_drivers", ())
            found |= {wanted} if isinstance(wanted, str) else set(wanted)
    return sorted(found)


def supported_environments() -> list[Document]:
    """One line for each distribution and mechanism driver, and what is supported of it."""
    scanned = scanned_drivers()
    return [
        {
            "_id": f"{distribution} {driver}",
            "id": f"{distribution} {driver}",
            "environment": {
                "environment_type": SCANNED_TYPE,
                "distribution": distribution,
                "distribution_version": [],
                "mechanism_drivers": driver,
                "type_drivers": constant_values("type_drivers"),
            },
            "features": {"scanning": driver in scanned, "listening": False, "monitoring": False},
        }
        for distribution in constant_values("distributions")
        for driver in constant_values("mechanism_drivers")
    ]


def support_problems(environment: Environment) -> list[str]:
    """Why no scan could read an environment; empty if one can."""
    problems = []
    drivers = scanned_drivers()
    if environment.environment_type != SCANNED_TYPE:
        problems.append(
            f"environment_type: scanning is not supported in {environment.environment_type}"
        )
    elif not set(drivers) & set(environment.mechanism_drivers):
        given = ", ".join(environment.mechanism_drivers)
        problems.append(
            f"mechanism_drivers: scanning is not supported with {given}, only with "
            f"{', '.join(drivers)}"
        )
    sections = {section.name for section in environment.configuration}
    if environment.listen and "AMQP" not in sections:
        problems.append("listen: needs a section AMQP in configuration")
    return problems
