"""The clique walk on random graphs: what must hold whatever the links are."""

from __future__ import annotations

import random
from typing import Any

import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from calipso.topology import adjacency
from calipso.topology.adjacency import Adjacency, Walked, split_type
from tests.link_finders.casekit import short_link

KINDS = ("instance", "vnic", "vedge")
NETWORKS = ("red", "green", "blue")

objects = st.tuples(st.sampled_from(KINDS), st.integers(0, 2))
link_types = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from(KINDS)).map("-".join), max_size=10
)
networks = st.one_of(
    st.none(),
    st.sampled_from(NETWORKS),
    st.lists(st.sampled_from(NETWORKS), max_size=2, unique=True),
)


@st.composite
def random_links(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Links between a few objects, some explicit, some naming networks; no two alike."""
    ends = draw(st.lists(st.tuples(objects, objects), max_size=40, unique=True))
    found = []
    for (kind_a, a), (kind_b, b) in ends:
        names = (f"{kind_a}{a}", f"{kind_b}{b}")
        implicit = draw(st.booleans())
        link_type = f"{kind_a}-{kind_b}"
        found.append(short_link(link_type, *names, draw(networks), implicit=implicit))
    return found


FOCAL = short_link("instance-vnic", "instance0", "vnic0")["source"]


@pytest.fixture(params=[0, 16], ids=["looked up by value", "tried one by one"])
def many_links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways the walk finds an object's links."""
    monkeypatch.setattr(adjacency, "MANY_LINKS", request.param)


def walked(
    links: list[dict[str, Any]], types: list[str], network: Any, *, implicit: bool = False
) -> Walked:
    return Adjacency(links).walk(
        FOCAL, "instance", types, {"network": network}, use_implicit=implicit
    )


def values(network: Any) -> set[str]:
    return {network} if isinstance(network, str) else set(network)


def allowed(link: dict[str, Any], network: Any) -> bool:
    carried = link["attributes"].get("network")
    if carried is None or network is None:
        return True
    return bool(values(carried) & values(network))


def by_the_book(
    links: list[dict[str, Any]], types: list[str], network: Any, *, implicit: bool
) -> set[ObjectId]:
    """The walk as the guide describes it, without any cleverness."""
    known: dict[str, set[ObjectId]] = {kind: set() for kind in KINDS}
    known["instance"].add(FOCAL)
    taken: set[ObjectId] = set()
    for link_type in types:
        source, target = split_type(link_type)
        reached = set()
        for link in links:
            if (link["implicit"] and not implicit) or not allowed(link, network):
                continue
            ends = (link["source"], link["target"])
            for stored, (near, far) in (
                (link_type, ends),
                (f"{target}-{source}", ends[::-1]),
            ):
                if link["link_type"] == stored and near in known[source]:
                    taken.add(link["_id"])
                    reached.add(far)
        known[target] |= reached
    return taken


@pytest.mark.usefixtures("many_links")
class TestWalk:
    @given(random_links(), link_types, networks, st.booleans())
    def test_walk_does_what_the_guide_says(
        self, links: list[dict[str, Any]], types: list[str], network: Any, implicit: bool
    ) -> None:
        found = walked(links, types, network, implicit=implicit)

        assert set(found.links) == by_the_book(links, types, network, implicit=implicit)

    @given(random_links(), link_types, networks, st.randoms())
    def test_order_of_links_does_not_matter(
        self,
        links: list[dict[str, Any]],
        types: list[str],
        network: Any,
        shuffler: random.Random,
    ) -> None:
        shuffled = list(links)
        shuffler.shuffle(shuffled)

        assert walked(links, types, network) == walked(shuffled, types, network)

    @given(random_links(), link_types, networks)
    def test_clique_is_connected_and_holds_the_ends_of_its_links(
        self, links: list[dict[str, Any]], types: list[str], network: Any
    ) -> None:
        found = walked(links, types, network)

        ends = {link["_id"]: (link["source"], link["target"]) for link in links}
        reached = {FOCAL}
        edges = [ends[key] for key in found.links]
        for _ in edges:
            reached |= {end for edge in edges if reached & set(edge) for end in edge}
        assert reached == set(found.objects)
        assert {end for edge in edges for end in edge} <= reached

    @given(random_links(), link_types, networks)
    def test_clique_stays_inside_its_link_types_and_constraint(
        self, links: list[dict[str, Any]], types: list[str], network: Any
    ) -> None:
        found = walked(links, types, network)

        both_ways = set(types) | {"-".join(reversed(split_type(name))) for name in types}
        taken = [link for link in links if link["_id"] in found.links]
        assert {link["link_type"] for link in taken} <= both_ways
        assert all(allowed(link, network) and not link["implicit"] for link in taken)

    @given(random_links(), link_types, networks)
    def test_links_of_other_types_change_nothing(
        self, links: list[dict[str, Any]], types: list[str], network: Any
    ) -> None:
        only = Adjacency(links, link_types=types)

        found = only.walk(FOCAL, "instance", types, {"network": network})

        assert found == walked(links, types, network)
