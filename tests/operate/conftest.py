"""Workers whose metrics and logs are looked at."""

from __future__ import annotations

import os
import socket
import urllib.request
from collections.abc import Iterator

import pytest

from calipso.settings import settings
from tests.cli.conftest import calipso
from tests.scan.conftest import scan, toy
from tests.workers.conftest import Cluster, cluster, wait_for, wait_for_end

__all__ = ["Cluster", "calipso", "cluster", "free_ports", "scan", "toy", "wait_for", "wait_for_end"]


def free_ports(number: int) -> int:
    """The first of so many free ports in a row."""
    start = 20_100 + os.getpid() % 1000 * 7  # another process looks elsewhere (`-n 2`)
    for first in range(start, 32_000, 7):
        probes = [socket.socket() for _ in range(number)]
        try:
            for offset, probe in enumerate(probes):
                probe.bind(("127.0.0.1", first + offset))
        except OSError:
            continue
        else:
            return first
        finally:
            for probe in probes:
                probe.close()
    pytest.fail("no free ports")


@pytest.fixture
def metrics_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Metrics are on, from this port."""
    port = free_ports(3)
    monkeypatch.setenv("CALIPSO_METRICS_PORT", str(port))
    settings.cache_clear()
    yield port
    settings.cache_clear()


def samples(port: int) -> dict[str, float]:
    """What a worker's metrics say now: `name{labels}` -> value."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found
