"""Graphs as clouds form them, for tests of drawings."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from calipso.model.types import OBJECT_TYPES

#: For a busy machine: making a graph may take long, and says nothing of the code.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

Graph = dict[str, list[dict[str, Any]]]


def node(key: str, kind: str, host: str = "", **fields: Any) -> dict[str, Any]:
    """A node as `elements` makes it."""
    place = {"host": host} if host else {}
    named = {"id": key, "name": key, "focal_point": False}
    return {"data": {"key": key, "type": kind, **named, **place, **fields}}


def edge(source: str, target: str, **fields: Any) -> dict[str, Any]:
    """An edge as `elements` makes it."""
    ends = {"source": source, "target": target, "link_type": "a-b", "state": "up"}
    return {"data": {"key": f"{source}>{target}", **ends, **fields}}


def cloud(hosts: int, instances: int, networks: int = 2) -> Graph:
    """Hosts with so many instances each, all on the way to a network."""
    nodes = [node(f"net-{number}", "network") for number in range(networks)]
    edges = []
    for at in range(hosts):
        host = f"compute-{at}"
        nodes += [node(f"br-{at}", "vedge", host), node(f"eth-{at}", "host_pnic", host)]
        edges += [edge(f"br-{at}", f"eth-{at}"), edge(f"eth-{at}", f"net-{at % networks}")]
        for number in range(instances):
            own = f"{at}-{number}"
            nodes += [node(f"web-{own}", "instance", host), node(f"tap-{own}", "vnic", host)]
            edges += [edge(f"web-{own}", f"tap-{own}"), edge(f"tap-{own}", f"br-{at}")]
    return {"nodes": nodes, "edges": edges}


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any graph: every type, also one nobody declared, on hosts or on none, any links."""
    kinds = st.sampled_from([*OBJECT_TYPES, "of_a_plugin"])
    hosts = st.sampled_from(["", "", "a", "b-2", "b-10"])
    drawn = draw(st.lists(st.tuples(kinds, hosts, st.text(max_size=4)), max_size=25))
    nodes = [node(f"n{at}", kind, host, name=name) for at, (kind, host, name) in enumerate(drawn)]
    ends = st.sampled_from([item["data"]["key"] for item in nodes] or [""])
    pairs = draw(st.lists(st.tuples(ends, ends), unique=True, max_size=40)) if nodes else []
    return {"nodes": nodes, "edges": [edge(source, target) for source, target in pairs]}
