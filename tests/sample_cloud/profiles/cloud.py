"""A profile as a cloud to be served: API and tables from its plan, hosts from its drawings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from calipso.sources.cli.commands import COMMANDS, Command
from calipso.sources.cli.container import wrap
from calipso.sources.ovn.script import NAME, databases

from ..cloud import Answer, Body, Cloud, Columns, Item, Listing
from ..generate.answers import SIMPLE
from ..generate.identity import REGION, identity
from ..generate.neutron import Neutron
from ..generate.nova import Nova
from ..generate.tables import SCHEMA, Tables
from . import PROFILES
from .printing import answer
from .site import Site


class SiteCloud:
    """One region."""

    def __init__(self, site: Site, region: str = REGION) -> None:
        self.site = site
        self.site.finish()
        plan, names = self.site.plan, self.site.names
        self.region = region
        self.others: Mapping[str, Cloud] = {
            name: SiteCloud(other, name) for name, other in site.others.items()
        }
        self.admin_project = plan.admin.name
        self.distribution, self.distribution_version = self.site.distribution, "Zed"
        self.mechanism_drivers: Sequence[str] = self.site.mechanism
        self.type_drivers = self.site.type_drivers
        self.revision = 0
        self.troubles: Sequence[Item] = ()
        self.fabric: Mapping[str, Sequence[Mapping[str, str]]] = self.site.fabric
        self.hosts: Mapping[str, str] = {
            name: drawn.host.address
            for name, drawn in self.site.hosts.items()
            if not drawn.unreachable
        }
        self._nova, self._neutron = Nova(plan, names), Neutron(plan, names)
        self._tables = Tables(plan, names)
        text, tool = databases()
        questions = (*COMMANDS, Command(NAME, text, tool))
        self._commands = {self._asked(command): command for command in questions}

    def _asked(self, command: Any) -> str:
        """How a host of this distribution is asked: tools may be in containers."""
        return wrap(command.text, command.tool, self.distribution, self.distribution_version)

    def api(self, service_type: str, resource: str) -> Listing | Body | None:
        if service_type == "compute":
            return self._nova.api(resource)
        if service_type == "network":
            return self._neutron.api(resource)
        found = identity(self.site.plan, resource) if service_type == "identity" else None
        if found and resource == "regions":
            more = [{**found.items[0], "id": name} for name in self.others]
            return Listing("regions", [*found.items, *more])
        return found

    def schemas(self) -> Mapping[str, Mapping[str, Columns]]:
        return SCHEMA

    def rows(self, schema: str, table: str) -> Iterable[Item]:
        return self._tables.rows(schema, table)

    def answer(self, host: str, command: str) -> Answer | None:
        drawn = self.site.hosts.get(host)
        if drawn is None:
            return None
        simple = SIMPLE.get(command)
        if simple:
            return Answer(simple(drawn.host).encode())
        asked = self._commands.get(command)
        return answer(drawn, asked.name, asked.text) if asked else None

    def mutate(self, change: Mapping[str, Any]) -> Item:
        raise ValueError("a profile stays as it is")

    def summary(self) -> dict[str, int]:
        """How many things of each kind the truth knows."""
        found: dict[str, int] = {}
        for kind, _ in self.site.truth.objects:
            found[f"{kind}s"] = found.get(f"{kind}s", 0) + 1
        return found


class ProfileCloud(SiteCloud):
    """The cloud of a profile; `site.truth` is what a scan must find. Raises ValueError."""

    def __init__(self, profile: str, seed: int = 1) -> None:
        if profile not in PROFILES:
            raise ValueError(f"profile {profile}: one of {', '.join(PROFILES)}")
        self.profile = profile
        super().__init__(PROFILES[profile](seed))
