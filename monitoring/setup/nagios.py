"""Nagios with NRPE: a host and services for the server, commands for NRPE on each host."""

from __future__ import annotations

import re
from collections.abc import Sequence

from monitoring.setup.rendering import MARK, Job

#: What Nagios forbids in names and must not see in values.
_FORBIDDEN = re.compile(r"[`~!$%^&*|'\"<>?,()=;\\\n\r\t]")


def clean(text: str) -> str:
    """Return a text that ends no line and no value of Nagios."""
    return _FORBIDDEN.sub("_", text)


def files(
    environment: str, jobs: Sequence[Job]
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return the files of the server, and those of each host."""
    name = clean(environment).replace(" ", "_")
    lines = [f"# {MARK}", *_COMMANDS]
    hosts: dict[str, list[str]] = {}
    for job in jobs:
        if job.host not in hosts:
            lines += _host(environment, job)
        hosts.setdefault(job.host, []).append(f"command[{job.name}]={job.command}")
        lines += _service(environment, job)
    nrpe = {
        host: {"/etc/nagios/nrpe.d/calipso.cfg": "\n".join([f"# {MARK}", *found, ""])}
        for host, found in hosts.items()
    }
    return {f"/etc/nagios4/conf.d/calipso-{name}.cfg": "\n".join([*lines, ""])}, nrpe


_COMMANDS = [
    "define command {",
    "  command_name calipso_nrpe",
    "  command_line /usr/lib/nagios/plugins/check_nrpe -H $HOSTADDRESS$ -t 40 -c $ARG1$",
    "}",
    "define command {",
    "  command_name calipso_result",
    "  command_line /usr/local/bin/calipso-nagios-result",
    "}",
]


def _host(environment: str, job: Job) -> list[str]:
    return [
        "define host {",
        f"  host_name {clean(environment).replace(' ', '_')}-{clean(job.host)}",
        f"  address {clean(job.address)}",
        "  max_check_attempts 3",
        "  check_interval 1",
        "  check_period 24x7",
        "  notification_period 24x7",
        "}",
    ]


def _service(environment: str, job: Job) -> list[str]:
    keys = (
        [("_CALIPSO_LINK", job.link)]
        if job.link
        else [("_CALIPSO_TYPE", job.kind), ("_CALIPSO_ID", job.key)]
    )
    return [
        "define service {",
        f"  host_name {clean(environment).replace(' ', '_')}-{clean(job.host)}",
        f"  service_description {job.name}",
        f"  check_command calipso_nrpe!{job.name}",
        "  event_handler calipso_result",
        f"  _CALIPSO_ENV {clean(environment)}",
        *(f"  {name} {clean(value)}" for name, value in keys),
        "  max_check_attempts 2",
        "  check_interval 1",
        "  retry_interval 1",
        "  check_period 24x7",
        "  notification_period 24x7",
        "  notifications_enabled 0",
        "}",
    ]
