"""Rendered files, and putting them in place on this machine."""

from __future__ import annotations

import getpass
import grp
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from calipso.errors import ConfigError
from monitoring.setup import places
from monitoring.setup.monitoring_setup_manager import MonitoringSetupManager, Runner
from monitoring.setup.places import Here
from monitoring.setup.rendering import HOME, MARK
from monitoring.setup.templates import filled, merge
from tests.monitoring.conftest import Watched

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("runner", Runner)
def test_rendering_twice_gives_the_same_bytes(
    watched: Watched, runner: Runner, tmp_path: Path
) -> None:
    manager = MonitoringSetupManager(watched.name, runner)
    first = manager.render()
    assert manager.write(first, tmp_path / "out")
    watched.round()

    second = MonitoringSetupManager(watched.name, runner).render()

    assert second == first
    assert manager.write(second, tmp_path / "out") == []
    assert all(MARK in text[:4000] for _, _, text in first.flat())
    assert manager.keep(first) == len(list(first.flat()))
    assert "pwd" not in str(list(first.flat()))


def test_a_rendered_plugin_and_its_objects_run_on_a_host(watched: Watched, tmp_path: Path) -> None:
    rendered = MonitoringSetupManager(watched.name, Runner.NAGIOS).render()
    files = rendered.hosts["compute-1"]
    for path, text in files.items():
        if path.startswith(HOME):
            at = tmp_path / path.removeprefix("/")
            at.parent.mkdir(parents=True, exist_ok=True)
            at.write_text(text)
    nrpe = files["/etc/nagios/nrpe.d/calipso.cfg"].splitlines()
    line = next(line for line in nrpe if line.startswith("command[host_pnic_compute-1-eth0]="))
    command = line.partition("=")[2].replace("--sudo ", "").replace(HOME, f"{tmp_path}{HOME}")

    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)

    assert done.returncode in (0, 2), done
    assert "eth0" in done.stdout


def test_deploying_beside_a_foreign_configuration_leaves_it_byte_for_byte(
    watched: Watched, tmp_path: Path
) -> None:
    foreign = tmp_path / "etc" / "calipso.cfg"
    foreign.parent.mkdir()
    foreign.write_bytes(b"define host { host_name mine }\r\n\xff")
    files = {str(foreign): f"# {MARK}\nours\n"}

    with pytest.raises(ConfigError, match="not made by Calipso"):
        list(places.changes(Here(), files))

    assert places.remove(Here(), [str(foreign)]) == []
    assert foreign.read_bytes() == b"define host { host_name mine }\r\n\xff"


def put(path: Path, text: str, check: str = "", reload: str = "") -> None:
    found = list(places.changes(Here(), {str(path): f"# {MARK}\n{text}"}))
    places.replace(Here(), found, check, reload)


def test_a_file_that_the_check_refuses_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "a" / "x.cfg"
    put(path, "good\n", check=f"grep -q good {path}")
    assert "good" in path.read_text()

    with pytest.raises(ConfigError, match="grep"):
        put(path, "bad\n", check=f"grep -q good {path}")

    assert "good" in path.read_text()
    assert [one.name for one in path.parent.iterdir()] == ["x.cfg"]
    with pytest.raises(ConfigError):
        put(path.parent / "new.cfg", "bad\n", check="false")
    assert not (path.parent / "new.cfg").exists()


def test_a_dry_run_shows_the_difference_and_changes_nothing(
    watched: Watched, tmp_path: Path
) -> None:
    manager = MonitoringSetupManager(watched.name, Runner.PROMETHEUS)
    rendered = manager.render()
    moved = type(rendered)({f"{tmp_path}{p}": t for p, t in rendered.server.items()}, {})
    told: list[str] = []

    done = manager.deploy(moved, dry_run=True, tell=told.append)

    assert done == {"this machine": "4 files would change"}
    assert "+groups:" in "".join(told)
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == []


def test_templates_of_a_higher_order_are_merged_and_conditions_hold() -> None:
    templates = [
        {"side": "client", "type": "a.json", "order": "2", "config": {"x": {"two": "{name}"}}},
        {"side": "client", "type": "a.json", "order": 1, "config": {"x": {"one": [1]}}},
        {"side": "client", "type": "b.json", "condition": {"kind": "VPP"}, "config": {"y": 1}},
        {"side": "server", "type": "a.json", "config": {}},
    ]

    found = filled(templates, "client", {"name": "n", "kind": ["OVS"]})

    assert found == {"a.json": {"x": {"one": [1], "two": "n"}}}
    assert merge({"l": [1]}, {"l": [1, 2]}) == {"l": [1, 2]}


Program = Callable[[str], str]


@pytest.fixture
def program() -> Program:
    """The path of a program; without it the test is skipped by name."""

    def find(name: str) -> str:
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")
        if found is None:
            pytest.skip(f"{name} is not installed")
        return found

    return find


@pytest.mark.long
def test_prometheus_reads_the_rules_and_the_scrape(
    watched: Watched, tmp_path: Path, program: Program
) -> None:
    promtool, amtool = program("promtool"), program("amtool")
    rendered = MonitoringSetupManager(watched.name, Runner.PROMETHEUS).render()
    for path, text in rendered.server.items():
        (tmp_path / Path(path).name).write_text(text)
        if path.endswith(".json"):
            assert json.loads(text)["panels"]
    rules, scrape, receiver = (
        next(tmp_path.glob(f"*.{kind}.yml")) for kind in ("rules", "scrape", "alertmanager")
    )

    subprocess.run([promtool, "check", "rules", str(rules)], check=True)
    token = tmp_path / "token"
    token.write_text("x")
    config = yaml.safe_load(scrape.read_text()) | {"rule_files": [str(rules)]}
    scrape.write_text(yaml.safe_dump(config))
    subprocess.run([promtool, "check", "config", str(scrape)], check=True)
    text = receiver.read_text().replace("/etc/calipso/monitoring.token", str(token))
    receiver.write_text(text)
    subprocess.run([amtool, "check-config", str(receiver)], check=True)


NAGIOS = """\
log_file={0}/nagios.log
object_cache_file={0}/objects.cache
precached_object_file={0}/objects.precache
status_file={0}/status.dat
temp_file={0}/nagios.tmp
temp_path={0}
command_file={0}/nagios.cmd
lock_file={0}/nagios.lock
check_result_path={0}
cfg_file={0}/base.cfg
cfg_file={0}/calipso.cfg
nagios_user=root
nagios_group=root
"""
TIMES = """\
define timeperiod {
  timeperiod_name 24x7
  alias always
  monday 00:00-24:00
}
define command {
  command_name nobody
  command_line /bin/true
}
define contact {
  contact_name nobody
  host_notification_commands nobody
  service_notification_commands nobody
  host_notification_period 24x7
  service_notification_period 24x7
}
"""


@pytest.mark.long
def test_nagios_reads_the_services(watched: Watched, tmp_path: Path, program: Program) -> None:
    nagios = program("nagios4")
    rendered = MonitoringSetupManager(watched.name, Runner.NAGIOS).render()
    text = next(text for path, text in rendered.server.items() if path.endswith(".cfg"))
    (tmp_path / "calipso.cfg").write_text(text)
    (tmp_path / "base.cfg").write_text(TIMES)
    (tmp_path / "nagios.cfg").write_text(NAGIOS.format(tmp_path))

    command = [nagios, "-v", str(tmp_path / "nagios.cfg")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-3000:]
    assert "Total Errors:   0" in done.stdout


@pytest.mark.long
def test_icinga_reads_the_services(watched: Watched, tmp_path: Path, program: Program) -> None:
    icinga = program("icinga2")
    rendered = MonitoringSetupManager(watched.name, Runner.ICINGA2).render()
    (text,) = rendered.server.values()
    name = 'const NodeName = "here"\nconst PluginDir = "/usr/lib/nagios/plugins"\n'
    head = "include <itl>\ninclude <plugins>\n"
    (tmp_path / "icinga2.conf").write_text(name + head + text)

    folders = [f"-D{key}={tmp_path}" for key in ("DataDir", "LogDir", "CacheDir", "InitRunDir")]
    command = [icinga, "daemon", "-C", "-c", str(tmp_path / "icinga2.conf"), *folders]
    # it would become its own user, who may not read the folder of a test
    user = {"ICINGA2_USER": getpass.getuser(), "ICINGA2_GROUP": grp.getgrgid(os.getgid()).gr_name}
    done = subprocess.run(
        command, env=os.environ | user, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout[-3000:]
