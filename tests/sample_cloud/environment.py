"""The environment document that points Calipso at a sample cloud."""

from __future__ import annotations

from typing import Any

from .serve.stage import Stage

LOOPBACK = "127.0.0.1"


def environment(
    stage: Stage,
    name: str,
    *,
    api_port: int,
    db_port: int,
    ssh_port: int,
    host_port: int,
    key: str = "",
) -> dict[str, Any]:
    """A document of `environments_config`; `host_port` is not 22 when hosts listen themselves."""
    return {
        "name": name,
        "environment_type": "OpenStack",
        "type": "environment",
        "distribution": stage.cloud.distribution,
        "distribution_version": stage.cloud.distribution_version,
        "mechanism_drivers": list(stage.cloud.mechanism_drivers),
        "type_drivers": stage.cloud.type_drivers,
        "configuration": [
            {
                "name": "OpenStack",
                "host": LOOPBACK,
                "port": api_port,
                "user": stage.api.user,
                "pwd": stage.api.password,
                "admin_project": stage.cloud.admin_project,
                "region": stage.cloud.region,
            },
            {
                "name": "mysql",
                "host": LOOPBACK,
                "port": db_port,
                "user": stage.db.user,
                "pwd": stage.db.password,
            },
            cli_section(stage, ssh_port, host_port, key),
        ],
    }


def cli_section(stage: Stage, ssh_port: int, host_port: int, key: str) -> dict[str, Any]:
    """How to reach the gateway, and in direct mode each host."""
    cli: dict[str, Any] = {
        "name": "CLI",
        "host": LOOPBACK,
        "port": ssh_port,
        "user": stage.ssh.user,
        **({"key": key} if key else {"pwd": stage.ssh.password}),
        "accept_new_hosts": True,
    }
    if host_port != 22:
        cli |= {
            "direct": True,
            "host_port": host_port,
            "hosts": {
                host: {"host": address, "port": host_port}
                for host, address in stage.cloud.hosts.items()
            },
        }
    return cli
