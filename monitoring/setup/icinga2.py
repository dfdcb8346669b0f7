"""Icinga 2: hosts and services, checked by SSH, with the keys of Calipso as variables."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.setup.nagios import clean
from monitoring.setup.rendering import MARK, Job


def quoted(text: str) -> str:
    """Return a string of Icinga's language."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def files(
    environment: str, jobs: Sequence[Job]
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return the file of the server; hosts need nothing but the plugins."""
    name = clean(environment).replace(" ", "_")
    lines = [f"// {MARK}"]
    seen: set[str] = set()
    for job in jobs:
        host = f"{environment}-{job.host}"
        if job.host not in seen:
            seen.add(job.host)
            lines += [
                f"object Host {quoted(host)} {{",
                f"  address = {quoted(job.address)}",
                '  check_command = "hostalive"',
                f"  vars.calipso_env = {quoted(environment)}",
                "}",
            ]
        lines += _service(environment, host, job)
    return {f"/etc/icinga2/conf.d/calipso-{name}.conf": "\n".join([*lines, ""])}, {}


def _service(environment: str, host: str, job: Job) -> list[str]:
    keys = (
        [("calipso_link", job.link)]
        if job.link
        else [("calipso_type", job.kind), ("calipso_id", job.key)]
    )
    words = ", ".join(quoted(word) for word in job.command.split())
    return [
        f"object Service {quoted(job.name)} {{",
        f"  host_name = {quoted(host)}",
        '  check_command = "by_ssh"',
        f"  vars.by_ssh_command = [ {words} ]",
        "  check_interval = 60s",
        "  retry_interval = 30s",
        "  max_check_attempts = 2",
        f"  vars.calipso_env = {quoted(environment)}",
        *(f"  vars.{name} = {quoted(value)}" for name, value in keys),
        "}",
    ]
