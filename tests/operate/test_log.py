"""One log format: fields, order, secrets masked, nothing forged, libraries kept quiet."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from calipso.model.environment import SECRET_KEYS
from calipso.settings import load_settings
from calipso.utils.log import (
    LONGEST,
    MASK,
    PER_TASK,
    QUIET,
    StderrHandler,
    bind_log,
    log_context,
    setup_logging,
    unbind_log,
)

log = logging.getLogger("calipso.test")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """What a test sets up ends with it."""
    root = logging.getLogger()
    names = [*QUIET, *PER_TASK]
    before = root.handlers[:], root.level, {name: logging.getLogger(name).level for name in names}
    unbind_log()  # a test of the command line, which names its scan for good, may have been here
    yield
    unbind_log()
    root.handlers[:], levels = before[0], before[2]
    root.setLevel(before[1])
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_a_line_says_when_how_bad_who_what_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("INFO", load_settings())

    with log_context(environment="lab", scan="s1", task="ScanHost", host=""):
        log.warning("%s does not answer", "compute-1", extra={"host": "compute-1", "tries": 3})

    (line,) = lines(capsys)
    time, rest = line.split(" ", 1)
    assert time.endswith("Z")
    assert rest == (
        "WARNING calipso.test: compute-1 does not answer  "
        "environment=lab scan=s1 host=compute-1 task=ScanHost tries=3"
    )


def test_json_lines_hold_the_same_in_the_same_order(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("INFO", load_settings(log_json=True))

    with log_context(environment="lab", scan="s1"):
        log.info("read", extra={"zebra": 1, "apples": {"red": [1, 2]}})

    (line,) = lines(capsys)
    event = json.loads(line)
    names = ["time", "level", "logger", "message", "environment", "scan", "apples", "zebra"]
    assert list(event) == names
    assert (event["level"], event["message"], event["apples"]) == ("info", "read", {"red": [1, 2]})


def test_what_is_bound_is_on_lines_of_libraries_and_ends_with_its_work(
    capsys: pytest.CaptureFixture[str],
) -> None:
    setup_logging("INFO", load_settings(log_json=True))

    bind_log(environment="lab", scan="s1", task="t")
    logging.getLogger("some.library").info("inside")
    unbind_log()
    logging.getLogger("some.library").info("outside")

    inside, outside = (json.loads(line) for line in lines(capsys))
    assert (inside["environment"], inside["scan"], inside["task"]) == ("lab", "s1", "t")
    assert "scan" not in outside


def test_threads_do_not_mix_their_scans(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("INFO", load_settings(log_json=True))
    both_bound = threading.Barrier(2, timeout=10)

    def work(scan: str) -> None:
        bind_log(scan=scan)
        both_bound.wait()
        log.info("of %s", scan)

    threads = [threading.Thread(target=work, args=(scan,)) for scan in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = {(event["message"], event["scan"]) for event in map(json.loads, lines(capsys))}
    assert found == {("of a", "a"), ("of b", "b")}


@pytest.mark.parametrize("key", sorted(SECRET_KEYS | {"Password", "X-Auth-Token"}))
@pytest.mark.parametrize("json_lines", [True, False])
def test_a_secret_is_never_written(
    key: str, json_lines: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    setup_logging("INFO", load_settings(log_json=json_lines))

    log.info("flat", extra={key: "hidden-one"})
    log.info("deep", extra={"document": {"configuration": [{key: "hidden-one"}]}})
    log.info("as text: %s", {key: "hidden-one", "host": "h1"})
    log.info("pair: %s=hidden-one, host=h1", key)

    written = lines(capsys)
    assert len(written) == 4
    assert not [line for line in written if "hidden-one" in line]
    assert all("h1" in line for line in written[2:]), "what is no secret stays"


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://me:hidden-one@mongo:27017/calipso",
        "redis://:hidden-one@127.0.0.1:6379/0",
        "amqp://me:a@hidden-one@rabbit//",
        "amqp://me:a/hidden-one@rabbit//",
    ],
)
def test_a_password_in_a_url_is_never_written(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("INFO", load_settings())

    try:
        raise ConnectionError(f"cannot reach {url}")
    except ConnectionError:
        log.exception("no store at %s", url)

    text = "\n".join(lines(capsys))
    assert "ConnectionError: cannot reach" in text
    assert MASK in text
    assert "hidden-one" not in text


def test_a_url_without_password_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("INFO", load_settings())

    log.info("GET http://api:9696/v2.0/ports?device=a")

    assert "http://api:9696/v2.0/ports?device=a" in lines(capsys)[0]


def test_a_cloud_cannot_forge_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("INFO", load_settings())

    log.info("bridge %s", "br0\n2026-01-01T00:00:00Z INFO calipso: all is well \x1b[2J")

    (line,) = lines(capsys)
    assert "\\x0a2026" in line
    assert "\x1b" not in line


def test_a_book_that_a_host_sends_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("INFO", load_settings(log_json=True))

    log.error("h1 said %s", "://a:" * 200_000, extra={"reason": "x" * 100_000})

    (line,) = lines(capsys)
    event = json.loads(line)
    assert event["message"].endswith("... (1000008 characters)")
    assert len(line) < 3 * LONGEST


def test_a_detail_named_level_does_not_hide_the_level(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("INFO", load_settings(log_json=True))

    log.info("level published", extra={"level": 3})

    event: dict[str, Any] = json.loads(lines(capsys)[0])
    assert (event["level"], event["scan_level"]) == ("info", 3)


def test_libraries_that_log_each_step_are_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("INFO", load_settings())

    logging.getLogger("paramiko.transport").info("Connected (version 2.0, client OpenSSH_9.2p1)")
    logging.getLogger("paramiko.transport.sftp").warning("transport closed")
    logging.getLogger("celery.app.trace").info("Task calipso.scan.run[1] succeeded")
    logging.getLogger("paramiko.hostkeys").warning("told")

    assert [line.split(" ", 2)[2] for line in lines(capsys)] == ["paramiko.hostkeys: told"]


def test_setting_up_twice_writes_each_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("INFO", load_settings())
    setup_logging("INFO", load_settings())

    log.info("once")

    assert len(lines(capsys)) == 1
    assert sum(isinstance(item, StderrHandler) for item in logging.getLogger().handlers) == 1


def test_the_level_is_that_of_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging(config=load_settings(log_level="warning"))

    log.info("not told")
    log.warning("told")

    assert len(lines(capsys)) == 1
