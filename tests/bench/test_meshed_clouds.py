"""Clouds in which every host has a tunnel to every other have rows of their own."""

from __future__ import annotations

from dataclasses import replace

from tests.bench.__main__ import FULL, parser, sizes
from tests.bench.figures import FIRST, Floor, Result, Scan
from tests.bench.marks import marks
from tests.bench.tables import tables


def scan(hosts: int, mesh: str = "sparse", **more: float) -> Scan:
    made = Scan(hosts, hosts * 50, FIRST, "completed", wall=hosts / 10, objects=hosts, mesh=mesh)
    made.cpu = {"mongo": 1.0}
    made.peak = {"mongo": more.get("peak", 100.0)}
    return made


def floor(hosts: int, seconds: float, mesh: str = "sparse") -> Floor:
    return Floor(hosts, hosts * 50, 9, 1.0, 1.0, seconds, [seconds], 1.0, 1.0, 1.0, mesh=mesh)


def result(scans: list[Scan], floors: list[Floor] | None = None) -> Result:
    return Result("2026-01-01 00:00", {"cores": 2, "memory_gb": 8}, {}, scans, floors or [])


def test_a_size_that_ends_in_mesh_has_tunnels_between_all() -> None:
    given = sizes(parser().parse_args(["--sizes", "100,100mesh,40x10mesh"]))

    assert [(size.hosts, size.instances, size.mesh) for size in given] == [
        (100, 5000, "sparse"),
        (100, 5000, "full"),
        (40, 10, "full"),
    ]


def test_a_full_run_has_a_mesh_of_100_and_of_1000_hosts() -> None:
    meshed = [size.hosts for size in sizes(parser().parse_args(["--full"])) if size.mesh == "full"]

    assert meshed == [100, 1000], FULL


def test_a_meshed_cloud_is_another_than_the_sparse_one_of_its_size() -> None:
    found = result([scan(100, "full")], [floor(100, 2.0, "full")])
    earlier = result([scan(100), scan(100, "full")], [floor(100, 1.0), floor(100, 9.0, "full")])

    found.add_sizes(earlier)

    assert [one.cloud for one in found.scans] == [(100, 5000, "sparse"), (100, 5000, "full")]
    assert [found.floor_of(one) for one in found.scans] == found.floors
    assert [one.seconds for one in found.floors] == [1.0, 2.0]
    assert len({one.key for one in found.scans}) == 2


def test_rows_say_which_cloud_is_meshed() -> None:
    text = tables(result([scan(100), replace(scan(100, "full"), status="over time")]))

    assert "100 meshed  " in text
    assert "100 meshed hosts, 5000 instances, first: over time" in text


def test_the_memory_of_a_meshed_scan_is_judged_but_its_time_is_not_compared_with_other_sizes() -> (
    None
):
    found = marks(result([scan(100), scan(1000), scan(2000, "full", peak=2000.0)]))
    told = {mark.name.partition(" <=")[0]: mark for mark in found}

    assert told["peak MB of any process"].figures == "2000 MB: mongo at 2000 meshed hosts"
    per_object = next(mark for name, mark in told.items() if name.startswith("time per object"))
    assert "at 1000," in per_object.figures
