"""Nagios with NRPE: a host and services for the server, commands for NRPE on each host."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from monitoring.setup import nagios_result
from monitoring.setup.rendering import HOME, MARK, TOKEN, Job

#: What Nagios forbids in names and must not see in values.
_FORBIDDEN = re.compile(r"[`~!$%^&*|'\"<>?,()=;\\\n\r\t]")


def clean(text: str) -> str:
    """Return a text that ends no line and no value of Nagios."""
    return _FORBIDDEN.sub("_", text)


def files(
    environment: str, jobs: Sequence[Job], api: str
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return the files of the server, and those of each host."""
    name = clean(environment).replace(" ", "_")
    lines = [f"# {MARK}", *(line.replace("@API@", f"http://{api}") for line in _COMMANDS)]
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
    program = Path(nagios_result.__file__).read_text(encoding="utf-8")
    server = {
        f"/etc/nagios4/conf.d/calipso-{name}.cfg": "\n".join([*lines, ""]),
        f"{HOME}/nagios_result.py": f"# {MARK}\n{program}",
    }
    return server, nrpe


_MACROS = (
    *("_SERVICECALIPSO_ENV", "_SERVICECALIPSO_TYPE", "_SERVICECALIPSO_ID"),
    *("_SERVICECALIPSO_LINK", "HOSTNAME", "SERVICEDESC", "SERVICESTATE", "SERVICESTATETYPE"),
    *("LASTSERVICECHECK", "SERVICEOUTPUT"),
)
#: Nagios takes `illegal_macro_output_chars` out of outputs; a quote must be among them.
_RESULT = f"/usr/bin/python3 {HOME}/nagios_result.py @API@ {TOKEN} " + " ".join(
    f"'${name}$'" for name in _MACROS
)
_COMMANDS = [
    "define command {",
    "  command_name calipso_nrpe",
    "  command_line /usr/lib/nagios/plugins/check_nrpe -H $HOSTADDRESS$ -t 40 -c $ARG1$",
    "}",
    "define command {",
    "  command_name calipso_result",
    "  command_line " + _RESULT,
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
