"""The sample cloud, whose hosts also answer `ip -j route show`: run as a program, same flags."""

from __future__ import annotations

import ipaddress
import json
import os
import sys
from typing import Any

from calipso.sources.cli.commands import LINKS
from tests.sample_cloud import __main__ as program
from tests.sample_cloud.cloud import Answer
from tests.sample_cloud.generate.generated import GeneratedCloud


class CloudWithRoutes(GeneratedCloud):
    """A generated cloud with one route for each address of a device."""

    def answer(self, host: str, command: str) -> Answer | None:
        if command != "ip -j route show":
            return super().answer(host, command)
        links = super().answer(host, LINKS.text)
        assert links is not None
        return Answer(json.dumps([_route(*found) for found in _addresses(links.out)]).encode())


def _addresses(links: bytes) -> list[tuple[str, dict[str, Any]]]:
    return [
        (device["ifname"], address)
        for device in json.loads(links)
        for address in device.get("addr_info", ())
        if address["family"] == "inet" and address["scope"] == "global"
    ]


def _route(device: str, address: dict[str, Any]) -> dict[str, Any]:
    network = ipaddress.ip_interface(f"{address['local']}/{address['prefixlen']}").network
    return {"dst": str(network), "dev": device, "scope": "link", "prefsrc": address["local"]}


if __name__ == "__main__":
    program.GeneratedCloud = CloudWithRoutes  # type: ignore[misc]
    status = program.main()
    sys.stdout.flush()
    os._exit(status)
