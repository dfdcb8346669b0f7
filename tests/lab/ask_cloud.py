"""Asks Keystone, Nova and Neutron, with requests and nothing else.

Part of the truth comparison: no code of calipso, so that an error of ours cannot hide itself.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import requests

TIMEOUT = 60
MICROVERSION = "2.79"

Row = dict[str, Any]


class Cloud:
    """One login as administrator; every list call of the truth."""

    def __init__(self, auth_url: str, user: str, password: str, project: str = "admin") -> None:
        self.auth_url = auth_url.rstrip("/")
        self.session = requests.Session()
        self.session.trust_env = False
        domain = {"id": "default"}
        identity = {
            "methods": ["password"],
            "password": {"user": {"name": user, "domain": domain, "password": password}},
        }
        scope = {"project": {"name": project, "domain": domain}}
        answer = self.session.post(
            f"{self.auth_url}/auth/tokens",
            json={"auth": {"identity": identity, "scope": scope}},
            timeout=TIMEOUT,
        )
        answer.raise_for_status()
        self.token: Row = answer.json()["token"]
        self.session.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]
        self.session.headers["X-OpenStack-Nova-API-Version"] = MICROVERSION

    @classmethod
    def from_environment(cls) -> Cloud:
        """A login from the usual OS_* variables; OS_PASSWORD_FILE may name a file."""
        file = os.environ.get("OS_PASSWORD_FILE")
        password = Path(file).read_text(encoding="utf-8").strip() if file else ""
        return cls(
            os.environ["OS_AUTH_URL"],
            os.environ.get("OS_USERNAME", "admin"),
            password or os.environ["OS_PASSWORD"],
            os.environ.get("OS_PROJECT_NAME", "admin"),
        )

    def url(self, service: str) -> str:
        """Public endpoint of a service type, with Neutron's version added."""
        for entry in self.token["catalog"]:
            if entry["type"] == service:
                for endpoint in entry["endpoints"]:
                    if endpoint["interface"] == "public":
                        base = str(endpoint["url"]).rstrip("/")
                        return f"{base}/v2.0" if service == "network" else base
        raise KeyError(f"{self.auth_url}: no public endpoint of {service} in the catalogue")

    def call(self, method: str, service: str, path: str, body: Row | None = None) -> Row:
        """One request; raises with the server's own words when it refuses."""
        url = (self.auth_url if service == "identity" else self.url(service)) + path
        answer = self.session.request(method, url, json=body, timeout=TIMEOUT)
        if answer.status_code >= 400:
            raise requests.HTTPError(f"{method} {url}: {answer.status_code} {answer.text[:500]}")
        return dict(answer.json()) if answer.content else {}

    def get(self, service: str, path: str) -> Row:
        return self.call("GET", service, path)

    def rows(self, service: str, path: str, key: str) -> list[Row]:
        """Every item of a list, following `<key>_links`."""
        found: list[Row] = []
        body = self.get(service, path)
        while True:
            found += body[key]
            links = body.get(f"{key}_links") or []
            following = [link["href"] for link in links if link["rel"] == "next"]
            if not following:
                return found
            body = self.session.get(following[0], timeout=TIMEOUT).json()


class CloudFacts:
    """What the API says, as lists of what it returned."""

    def __init__(self, cloud: Cloud) -> None:
        endpoints = [e for entry in cloud.token["catalog"] for e in entry["endpoints"]]
        self.regions = {str(e.get("region_id") or e["region"]) for e in endpoints}
        self.projects = cloud.rows("identity", "/projects", "projects")
        self.zones = cloud.rows("compute", "/os-availability-zone/detail", "availabilityZoneInfo")
        self.aggregates = cloud.rows("compute", "/os-aggregates", "aggregates")
        self.hypervisors = cloud.rows("compute", "/os-hypervisors/detail", "hypervisors")
        self.servers = cloud.rows("compute", "/servers/detail?all_tenants=1", "servers")
        self.networks = cloud.rows("network", "/networks", "networks")
        self.subnets = cloud.rows("network", "/subnets", "subnets")
        self.ports = cloud.rows("network", "/ports", "ports")
        self.agents = cloud.rows("network", "/agents", "agents")
        self.routers = cloud.rows("network", "/routers", "routers")
        self.trunks = cloud.rows("network", "/trunks", "trunks")
        #: (router, host) -> `active` or `standby`, of highly available routers
        self.ha_states = {
            (router["id"], agent["host"]): agent["ha_state"]
            for router in self.routers
            if router.get("ha")
            for agent in cloud.rows("network", f"/routers/{router['id']}/l3-agents", "agents")
        }

    @property
    def ports_by_mac(self) -> dict[str, list[Row]]:
        """Ports of each MAC address: a device is known by its MAC, not by its name."""
        found: dict[str, list[Row]] = {}
        for port in self.ports:
            found.setdefault(port["mac_address"].lower(), []).append(port)
        return found

    def sub_ports(self, parent: str) -> list[Row]:
        """Sub-ports of the trunk that has this port as its parent: `port_id`, `segmentation_id`."""
        return [sub for one in self.trunks if one["port_id"] == parent for sub in one["sub_ports"]]

    def networks_by(self, port: Row) -> set[str]:
        """The network of a port, and those its trunk brings to the same device."""
        subs = {sub["port_id"] for sub in self.sub_ports(port["id"])}
        return {one["network_id"] for one in self.ports if one["id"] in {port["id"], *subs}}

    def bound_ports(self, host: str) -> list[Row]:
        """Ports whose traffic passes this host."""
        failed = ("unbound", "binding_failed")
        return [
            port
            for port in self.ports
            if port.get("binding:host_id") == host and port.get("binding:vif_type") not in failed
        ]

    def agent(self, host: str, agent_type: str) -> Row | None:
        """The agent of this type on the host."""
        for agent in self.agents:
            if agent["host"] == host and agent["agent_type"] == agent_type:
                return agent
        return None
