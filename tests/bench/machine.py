"""The machine and the versions that made a result."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from calipso.cli.stack.programs import mongo_program, redis_program

PACKAGES = ("celery", "pymongo", "paramiko", "keystoneauth1", "PyMySQL")

#: What makes wall times of two results comparable.
HARDWARE = ("cpu", "cores", "memory_gb")


def machine() -> dict[str, Any]:
    """CPU, memory and versions."""
    mongo, redis = mongo_program(), redis_program()
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "mongo": f"{mongo.name} {mongo.version}".strip(),
        "redis": f"{redis.name} {redis.version}".strip(),
    } | {name: metadata.version(name) for name in PACKAGES}


def same_hardware(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """True when wall times may be compared."""
    return all(one.get(name) == other.get(name) for name in HARDWARE)


def described(found: dict[str, Any]) -> str:
    """One line."""
    return (
        f"{found.get('cpu')}, {found.get('cores')} cores, {found.get('memory_gb')} GB, "
        f"Python {found.get('python')}, {found.get('mongo')}, {found.get('redis')}"
    )


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model"):
            return " ".join(value.split())
    return platform.machine()
