"""FindRouterStates: whether each highly available router is active on one host. It adds no link."""

from __future__ import annotations

from collections import defaultdict

from calipso.discover.find_links import FindLinks
from calipso.model.documents import Document


class FindRouterStates(FindLinks):
    """Reports highly available routers that are active on several hosts, or on none."""

    reads = frozenset({"vservice"})

    def add_links(self) -> None:
        """Compare the states of each router on its hosts."""
        self.tell_of_routers(self.find("vservice", ["router_id", "ha_state", "stale_since"]))

    def tell_of_routers(self, services: list[Document]) -> None:
        """Report highly available routers that are active on several hosts, or on none.

        A host that was not read in this scan proves nothing: what is stored of it may be old. What
        was reported of the router before stays then.
        """
        routers: defaultdict[str, list[Document]] = defaultdict(list)
        for service in services:
            if service.get("ha_state"):
                routers[str(service.get("router_id"))].append(service)
        for found in routers.values():
            read = [service for service in found if not service.get("stale_since")]
            for service in found if len(read) < len(found) else ():
                self.may_have(service, "router_active_twice", "router_active_nowhere")
            active = [service for service in read if service["ha_state"] == "active"]
            hosts = ", ".join(sorted(str(service.get("host")) for service in active or found))
            if len(active) > 1:
                self.tell_of_router(active, "router_active_twice", f"is active on {hosts} at once")
            elif not active and len(read) == len(found):
                self.tell_of_router(found, "router_active_nowhere", f"is standby on {hosts}")

    def tell_of_router(self, services: list[Document], code: str, what: str) -> None:
        """Report it on the router's vservice on each of these hosts."""
        for service in services:
            self.problem(
                service,
                code=code,
                message=f"{service['name']} {what}",
                hint="Do its hosts reach each other on the HA network (`ha-` devices)? See the log "
                "of keepalived and of the L3 agent there.",
            )
