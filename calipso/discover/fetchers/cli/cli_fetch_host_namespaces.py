"""Namespaces of a host compared with what Neutron wants there."""

from __future__ import annotations

from typing import ClassVar

from calipso.discover.fetchers.cli.wanted_namespaces import namespace_problems, wanted_namespaces
from calipso.hostparse.netns import parse_namespaces
from calipso.model.inventory import Fetched
from calipso.sources.cli.cli_access import CliAccess
from calipso.sources.cli.commands import NAMESPACE_LINKS


class CliFetchHostNamespaces(CliAccess):
    """Reports missing namespaces of DHCP servers and routers, and orphans. Stores nothing.

    A host whose namespaces cannot be listed reports nothing: the fetch fails.
    """

    enriches: ClassVar[bool] = True

    def get(self, parent_id: str) -> list[Fetched]:
        host = self.host_of(parent_id)
        namespaces = self.parsed(NAMESPACE_LINKS, host, parse_namespaces)
        wanted = wanted_namespaces(self)
        for problem in namespace_problems(host, namespaces, wanted) if wanted else ():
            self.context.problem(problem)
        return []
