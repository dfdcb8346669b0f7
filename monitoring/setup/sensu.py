"""Sensu Go and Sensu Core: checks with the keys of Calipso, and the handler that sends them on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from calipso.model.documents import Document
from monitoring.setup.nagios import clean
from monitoring.setup.rendering import MARK, Job, as_json
from monitoring.setup.templates import filled

#: Seconds between two runs of a check; the original had 15.
INTERVAL = 60

Files = tuple[dict[str, str], dict[str, dict[str, str]]]


def go_files(environment: str, jobs: Sequence[Job]) -> Files:
    """Return one file for `sensuctl create -f`: a document of JSON after another."""
    resources: list[Document] = [
        {
            "type": "Handler",
            "api_version": "core/v2",
            "metadata": {"name": "calipso", "annotations": {"made_by": MARK}},
            "spec": {
                "type": "pipe",
                "command": "calipso monitoring handle sensu-go --env " + clean(environment),
                "timeout": 20,
            },
        }
    ]
    for job in jobs:
        labels = {"calipso_env": environment}
        more = {"calipso_link": job.link}
        labels |= more if job.link else {"calipso_type": job.kind, "calipso_id": job.key}
        resources.append(
            {
                "type": "CheckConfig",
                "api_version": "core/v2",
                "metadata": {"name": job.name, "labels": labels},
                "spec": {
                    "command": job.command,
                    "interval": INTERVAL,
                    "timeout": 40,
                    "ttl": 3 * INTERVAL,
                    "publish": True,
                    "subscriptions": [f"entity:{job.host}"],
                    "handlers": ["calipso"],
                },
            }
        )
    name = clean(environment).replace(" ", "_")
    return {f"/etc/sensu/calipso-{name}.json": "".join(as_json(one) for one in resources)}, {}


def core_files(
    environment: str, jobs: Sequence[Job], templates: Sequence[Mapping[str, Any]], values: Document
) -> Files:
    """Return the files of Sensu Core 1.x, of the templates: server, and client of each host."""
    server = {
        f"/etc/sensu/conf.d/calipso-{name}": as_json({"_mark": MARK, **config})
        for name, config in filled(templates, "server", values).items()
    }
    hosts: dict[str, dict[str, str]] = {}
    checks: dict[str, Document] = {}
    addresses: dict[str, str] = {}
    for job in jobs:
        addresses[job.host] = job.address
        key = {"environment": environment, "link": job.link}
        key = key if job.link else {"environment": environment, "type": job.kind, "id": job.key}
        checks.setdefault(job.host, {})[job.name] = {
            "command": job.command,
            "interval": INTERVAL,
            "standalone": True,
            "handlers": ["osdna-monitor"],
            "calipso": key,
        }
    for host, own in sorted(checks.items()):
        more = {"client_name": f"{environment}-{host}", "client_ip": addresses[host]}
        found = filled(templates, "client", values | more | {"env_name": environment})
        client = {**found.pop("client.json", {}), "checks": own}
        hosts[host] = {"/etc/sensu/conf.d/calipso-client.json": as_json({"_mark": MARK, **client})}
        for name, config in found.items():
            hosts[host][f"/etc/sensu/conf.d/calipso-{name}"] = as_json({"_mark": MARK, **config})
    return server, hosts
