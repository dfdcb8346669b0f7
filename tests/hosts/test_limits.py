"""Limits over all worker processes, with real processes, a real Redis and a real sshd."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import redis

from calipso.cli.stack.programs import free_port, redis_program
from calipso.errors import CliAccessError, ErrorKind
from calipso.limits.limit_store import LimitStore
from calipso.limits.limits import Limits, limits
from calipso.settings import load_settings, settings
from calipso.sources.cli.connections import HostConnections
from tests.access.cli_sections import environment, login
from tests.access.openstack_server import Answer, OpenStackServer, Request
from tests.access.sshd import Sshd, sshd, why_not
from tests.hosts import hammer

LEASE = 2.0


@pytest.fixture
def name() -> str:
    """A limit of its own."""
    return f"test {uuid.uuid4().hex}"


@pytest.fixture
def process(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Settings of this process and of those it starts: short leases."""
    monkeypatch.setenv("CALIPSO_SLOT_LEASE", str(LEASE))
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A real sshd."""
    if reason := why_not():
        pytest.skip(reason)
    with sshd(tmp_path_factory.mktemp("limits") / "sshd") as server:
        yield server


def of(url: str, lease: float = LEASE) -> Limits:
    """The limits of what could be another process."""
    return Limits(LimitStore.at(url, lease), lease)


# -- one process ---------------------------------------------------------------------------


def test_a_slot_that_is_taken_is_not_given_to_another_worker(redis_url: str, name: str):
    one, two = of(redis_url), of(redis_url)
    slot = one.take(name, 1, 1)

    with pytest.raises(TimeoutError, match="all 1 slots are in use"):
        two.take(name, 1, 0.1)
    slot.release()

    two.take(name, 1, 1).release()


def test_who_waits_is_served_in_order_and_at_once(redis_url: str, name: str):
    first, order = of(redis_url).take(name, 1, 1), []

    def wait(number: int) -> None:
        slot = of(redis_url).take(name, 1, 20)
        order.append((number, time.monotonic()))
        slot.release()

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
        time.sleep(0.1)
    given_back = time.monotonic()
    first.release()
    for thread in threads:
        thread.join(20)

    assert [number for number, _ in order] == [0, 1, 2, 3, 4]
    assert order[-1][1] - given_back < 0.9  # handed over: nobody found it by looking each second


def test_who_gave_up_waiting_is_not_handed_a_slot(redis_url: str, name: str):
    slot = of(redis_url).take(name, 1, 1)
    with pytest.raises(TimeoutError):
        of(redis_url).take(name, 1, 0.1)
    slot.release()

    of(redis_url).take(name, 1, 0.1).release()


def test_a_slot_is_held_longer_than_its_lease_as_long_as_its_process_lives(
    redis_url: str, name: str
):
    slot = of(redis_url, lease=1).take(name, 1, 1)

    with pytest.raises(TimeoutError):
        of(redis_url, lease=1).take(name, 1, 2.5)
    slot.release()


def test_a_holder_is_asked_when_others_wait(redis_url: str, name: str):
    asked = threading.Event()
    slot = of(redis_url, lease=1).take(name, 1, 1, asked.set)
    assert not asked.wait(1.2)  # nobody waits

    with pytest.raises(TimeoutError):
        of(redis_url, lease=1).take(name, 1, 1)

    assert asked.is_set()
    slot.release()


def test_threads_of_one_process_wait_for_each_other_without_redis(name: str):
    alone = Limits(None, LEASE)
    slots = [alone.take(name, 2, 1) for _ in range(2)]

    with pytest.raises(TimeoutError, match="this process uses all"):
        alone.take(name, 2, 0.1)
    slots[0].release()
    slots[0].release()

    alone.take(name, 2, 1)
    with pytest.raises(TimeoutError):  # giving back twice made no second place
        alone.take(name, 2, 0.1)


def test_without_a_stack_limits_are_those_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    for variable in ("CALIPSO_REDIS_URL", "REDIS_URL"):
        monkeypatch.delenv(variable, raising=False)

    limits(load_settings(home=tmp_path)).take(name, 1, 1).release()


def test_redis_that_is_away_is_reported_and_limits_hold_for_the_process(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
):
    from calipso.cli.stack.embedded import start_redis

    with start_redis(tmp_path / "redis") as url:
        ours = of(url)
        held = ours.take(name, 2, 1)
    caplog.set_level(logging.WARNING)

    ours.take(name, 2, 1)

    assert "limits of sessions and calls apply to each worker process by itself" in caplog.text
    with pytest.raises(TimeoutError):
        ours.take(name, 2, 0.1)
    held.release()
    ours.take(name, 2, 1)


def test_what_was_taken_while_redis_was_away_counts_when_it_is_back(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
):
    from calipso.cli.stack.embedded import redis_address
    from calipso.cli.stack.process import identify, spawn, stop

    monkeypatch.setattr("calipso.limits.limits.AWAY", 0.5)
    port, program = free_port(), redis_program()
    (tmp_path / "redis").mkdir()
    ours = of(redis_address(port), lease=1)
    ours.take(name, 1, 1)

    child = spawn(program.command(tmp_path / "redis", port), tmp_path / "log")
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if _holders(redis_address(port), name):
                break
            time.sleep(0.1)

        with pytest.raises(TimeoutError):
            of(redis_address(port)).take(name, 1, 0.2)
    finally:
        identity = identify(child.pid)
        assert identity
        stop(identity, 10)
        child.wait(10)


def _holders(url: str, name: str) -> int:
    try:
        with redis.Redis.from_url(url) as client:
            return int(client.zcard(f"calipso:limit:{name}:held"))  # type: ignore[arg-type]
    except redis.RedisError:
        return 0


def test_a_broker_that_is_no_single_redis_leaves_limits_to_the_process(name: str):
    assert LimitStore.at("sentinel://localhost:26379", LEASE) is None


def test_taking_a_slot_costs_less_than_a_millisecond(redis_url: str, name: str):
    ours = of(redis_url)
    ours.take(name, 4, 1).release()
    began, number = time.process_time(), 500

    for _ in range(number):
        ours.take(name, 4, 1).release()

    assert (time.process_time() - began) / number < 0.001


# -- several processes ---------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.alone
def test_processes_never_hold_more_slots_than_there_are(
    process: pytest.MonkeyPatch, name: str, tmp_path: Path
):
    log = tmp_path / "log"
    running = [hammer.start("slots", name, 3, 3, 5, log) for _ in range(3)]

    done = [int(child.communicate(timeout=60)[0]) for child in running]

    assert hammer.most_at_once(log) == 3
    assert min(done) > 0.3 * max(done), f"the line is not fair: {done}"


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.alone
def test_the_slots_of_a_killed_process_come_free_by_their_lease(
    process: pytest.MonkeyPatch, redis_url: str, name: str
):
    with hammer.start("keep", name, 2, 2) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        ours = of(redis_url)
        with pytest.raises(TimeoutError):
            ours.take(name, 2, 2 * LEASE)  # it lives and renews
        holder.kill()
        began = time.monotonic()

        ours.take(name, 2, 20)

    assert time.monotonic() - began < LEASE + 2.5


@pytest.mark.slow
@pytest.mark.alone
def test_sessions_on_a_host_never_exceed_the_limit_over_all_processes(
    process: pytest.MonkeyPatch, node: Sshd, tmp_path: Path
):
    log = node.folder / f"{uuid.uuid4().hex}.log"
    seen: list[int] = []
    running = [hammer.start("ssh", node.port, node.key, 3, log) for _ in range(3)]
    while any(child.poll() is None for child in running):
        seen.append(_established(node.port))
        time.sleep(0.005)

    done = [int(child.communicate(timeout=60)[0]) for child in running]

    # a table that is read while it changes may show a session that ends beside the one that
    # follows it; a session lives for more than two looks
    steady = max(min(pair) for pair in pairwise(seen))
    assert steady == settings().ssh_host_sessions == 2
    assert hammer.most_at_once(log) <= 2
    assert min(done) > 0


def _established(port: int) -> int:
    """Connections of a server on loopback, according to the kernel."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(words[1].endswith(f":{port:04X}") and words[3] == "01" for words in lines)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.alone
def test_calls_to_a_service_never_exceed_the_limit_over_all_processes(process: pytest.MonkeyPatch):
    now, seen, lock = [0], [], threading.Lock()

    def busy(_: Request) -> Answer:
        with lock:
            now[0] += 1
            seen.append(now[0])
        time.sleep(0.01)
        with lock:
            now[0] -= 1
        return Answer({"servers": []})

    process.setenv("CALIPSO_API_PARALLEL", "3")
    with OpenStackServer() as server:
        server.routes["/compute/RegionOne/v2.1/servers"] = busy
        running = [hammer.start("api", server.port, 2, 6) for _ in range(2)]
        done = [int(child.communicate(timeout=60)[0]) for child in running]

    assert max(seen) == 3
    assert min(done) > 0.3 * max(done), done


# -- what a scan says ----------------------------------------------------------------------


def test_a_host_whose_sessions_are_all_in_use_is_reported_with_the_setting(
    process: pytest.MonkeyPatch, node: Sshd
):
    process.setenv("CALIPSO_SSH_HOST_SESSIONS", "1")
    process.setenv("CALIPSO_SLOT_WAIT", "0.3")
    settings.cache_clear()
    holder, other = (
        HostConnections(environment(**login(node))),
        HostConnections(environment(**login(node))),
    )
    holder.get("node-1")

    with pytest.raises(CliAccessError) as caught:
        other.get("node-1")
    holder.close()

    assert caught.value.kind is ErrorKind.TIMEOUT
    assert caught.value.message.startswith("node-1: no SSH session came free within 0.3 s")
    assert "CALIPSO_SSH_HOST_SESSIONS" in caught.value.hint
    other.get("node-1")
    other.close()


def test_a_connection_that_is_only_kept_makes_way(process: pytest.MonkeyPatch, node: Sshd):
    process.setattr("calipso.sources.cli.ssh.IDLE_AFTER", 0.2)
    process.setenv("CALIPSO_SSH_HOST_SESSIONS", "1")
    settings.cache_clear()
    keeper, other = (
        HostConnections(environment(**login(node))),
        HostConnections(environment(**login(node))),
    )
    kept = keeper.get("node-1")
    kept.execute("true", 5)

    other.get("node-1")

    assert not kept.alive
    other.close()
    keeper.close()


def test_a_connection_in_use_does_not_make_way(process: pytest.MonkeyPatch, node: Sshd):
    process.setattr("calipso.sources.cli.ssh.IDLE_AFTER", 0.2)
    process.setenv("CALIPSO_SSH_HOST_SESSIONS", "1")
    process.setenv("CALIPSO_SLOT_WAIT", "20")
    settings.cache_clear()
    user, other = (
        HostConnections(environment(**login(node))),
        HostConnections(environment(**login(node))),
    )
    connection = user.get("node-1")
    waiter = threading.Thread(target=other.get, args=("node-1",))
    waiter.start()

    said = connection.execute("sleep 2.5; echo done", 10)
    waiter.join(20)

    assert said.out == "done\n"
    assert not connection.alive
    other.close()
    user.close()
