"""FindImplicitLinks: derives links between objects that other links join."""

from __future__ import annotations

from typing import ClassVar

from calipso.discover.cliques.clique_finder import select_clique_types
from calipso.discover.find_links import FindLinks
from calipso.topology.adjacency import split_type
from calipso.topology.implicit import IMPLICIT_FIELDS, ImplicitLinks


class FindImplicitLinks(FindLinks):
    """Derives implicit links from the stored explicit links. Runs after all other finders.

    It derives only link types that a clique type of this environment with `use_implicit_links`
    names; usually there are none. A scan that asks for implicit links gets those of all types.
    """

    after_others: ClassVar[bool] = True

    def add_links(self) -> None:
        """Follow chains of stored links. An implicit link never replaces an explicit one."""
        wanted = self.wanted_types()
        if wanted is not None and not wanted:
            return
        stored = self.inv.collection("links").find(
            {"environment": self.env}, dict.fromkeys(IMPLICIT_FIELDS, 1), batch_size=5000
        )
        constraints = self.scan.get("clique_constraints") or []
        names = [name for item in constraints for name in item["constraints"]]
        for found in ImplicitLinks(stored, names).find(wanted):
            self.create_link(
                env=self.env,
                source=found.source,
                source_id=found.source_id,
                target=found.target,
                target_id=found.target_id,
                link_type=found.link_type,
                link_name="",
                state=found.state,
                link_weight=0,
                host=found.host,
                attributes=found.attributes,
                implicit=True,
            )

    def wanted_types(self) -> set[str] | None:
        """Return the link types to derive, in both directions; None means all types."""
        if self.scan.get("implicit_links"):
            return None
        environment = self.scan.get("environment")
        if environment is None:
            return set()
        chosen, _ = select_clique_types(environment, self.scan.get("clique_types") or [])
        named = {
            link_type
            for clique_type in chosen.values()
            if clique_type.get("use_implicit_links")
            for link_type in clique_type["link_types"]
        }
        return named | {"-".join(reversed(split_type(link_type))) for link_type in named}
