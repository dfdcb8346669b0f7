"""FindLinksForRoutes: route-host_pnic, route-vedge."""

from __future__ import annotations

from ourcloud.link_finders.find_our_links import FindOurLinks


class FindLinksForRoutes(FindOurLinks):
    """What packets of a route leave by: a NIC, or a port of the host's Open vSwitch."""

    def add_links(self) -> None:
        pnics = self.by_device("host_pnic")
        vedges = {
            (vedge["host"], name): vedge
            for vedge in self.find("vedge", ["ports"])
            for name in vedge.get("ports", {})
        }
        for route in self.find("route", ["device"]):
            place = (route["host"], route["device"])
            if place in pnics:
                state = str(pnics[place].get("state", "unknown"))
                self.link(route, pnics[place], link_name=route["name"], state=state)
            elif place in vedges:
                self.link(route, vedges[place], link_name=route["name"])
