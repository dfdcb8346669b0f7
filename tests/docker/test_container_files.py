"""docker/: the image, the compose file and their helpers agree with the code and each other."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from calipso.cli.lazy import COMMANDS, load
from calipso.cli.stack.services import GRAPH_QUEUES, SOURCE_QUEUES
from calipso.settings import Settings
from tests.house.setup_config import files_read, folders_elsewhere

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: item for name, item in SERVICES.items() if item["image"].startswith("calipso:")}
EXAMPLE = dict(
    line.split("=", 1)
    for line in (DOCKER / ".env.example").read_text(encoding="utf-8").splitlines()
    if "=" in line and not line.startswith("#")
)
ENTRYPOINT = (DOCKER / "entrypoint.sh").read_text(encoding="utf-8")

#: What the image reads beside Calipso's settings.
OTHER_VARIABLES = {"WAIT_SECONDS", "FLOWER_PASSWORD_FILE"}


def test_all_parts_of_calipso_are_services() -> None:
    assert set(OURS) == {"upgrade", "api", "sources", "graph", "beat", "events", "flower"}
    assert set(SERVICES) - set(OURS) == {"mongo", "redis", "rabbitmq"}
    assert SERVICES["rabbitmq"]["profiles"] == ["rabbitmq"]
    assert SERVICES["flower"]["profiles"] == ["flower"]


@pytest.mark.parametrize("name", OURS)
def test_the_role_of_each_service_is_one_of_the_entrypoint(name: str) -> None:
    role, *rest = OURS[name]["command"]

    assert re.search(rf"^  {role}\)$", ENTRYPOINT, flags=re.MULTILINE)
    if role == "worker":
        options = {word for param in load("worker").params for word in param.opts}
        assert {word for word in rest if word.startswith("-")} <= options


def test_the_workers_serve_each_queue() -> None:
    served = {SERVICES[name]["command"][1] for name in ("sources", "graph")}

    assert served == {SOURCE_QUEUES, GRAPH_QUEUES}


@pytest.mark.parametrize("role", re.findall(r"exec calipso (\w+)", ENTRYPOINT))
def test_commands_of_the_entrypoint_exist(role: str) -> None:
    assert role in COMMANDS


@pytest.mark.parametrize("name", OURS)
def test_variables_are_settings(name: str) -> None:
    for variable in OURS[name].get("environment", {}):
        setting = variable.removeprefix("CALIPSO_").removesuffix("_FILE").lower()
        assert setting in Settings.model_fields or variable in OTHER_VARIABLES, variable


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"upgrade"}))
def test_each_service_has_a_health_check_and_a_limit(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    limits = SERVICES[name]["deploy"]["resources"]["limits"]

    assert check["test"][0] in ("CMD", "CMD-SHELL")
    assert {"interval", "timeout", "retries", "start_period"} <= set(check)
    assert {"cpus", "memory"} <= set(limits)
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", OURS)
def test_our_containers_may_do_nothing_but_their_work(name: str) -> None:
    service = OURS[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")


def test_ports_are_offered_on_loopback_unless_somebody_decides_otherwise() -> None:
    published = {name: item["ports"] for name, item in SERVICES.items() if "ports" in item}

    assert set(published) == {"api", "flower"}
    assert all(":-127.0.0.1:" in port for ports in published.values() for port in ports)
    assert EXAMPLE["API_PUBLISH"].startswith("127.0.0.1:")


def test_stores_are_reached_by_nobody_from_outside() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for name in ("mongo", "redis", "rabbitmq"):
        assert SERVICES[name]["networks"] == ["inside"]


def test_each_image_is_one_release() -> None:
    images = [item["image"] for item in SERVICES.values()]
    tags = {key: value for key, value in EXAMPLE.items() if key.endswith("_TAG")}
    used = {match for image in images for match in re.findall(r"\$\{(\w+)", image)}

    assert used | {"PYTHON_TAG"} == set(tags)
    assert all("latest" not in image for image in images)
    for key in set(tags) - {"CALIPSO_TAG"}:
        assert re.match(r"\d+\.\d+\.\d+", tags[key]), key
    dockerfile = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    assert f"ARG PYTHON_TAG={tags['PYTHON_TAG']}\n" in dockerfile


def test_each_variable_of_the_compose_file_has_a_default_or_an_example() -> None:
    text = (DOCKER / "compose.yaml").read_text(encoding="utf-8")
    with_default = set(re.findall(r"\$\{(\w+):-", text))
    needed = set(re.findall(r"\$\{(\w+):\?", text))

    assert set(re.findall(r"\$\{(\w+)", text)) == with_default | needed
    assert needed <= set(EXAMPLE)
    assert set(EXAMPLE) <= with_default | needed | {"COMPOSE_PROFILES"}


def test_volumes_networks_and_secrets_that_are_used_are_declared() -> None:
    volumes = {entry.split(":")[0] for item in SERVICES.values() for entry in item["volumes"]}
    networks = {name for item in SERVICES.values() for name in item["networks"]}
    secrets = set()
    for item in SERVICES.values():
        for entry in item.get("secrets", []):
            secrets.add(entry["source"] if isinstance(entry, dict) else entry)

    assert volumes == set(COMPOSE["volumes"])
    assert networks == set(COMPOSE["networks"])
    assert secrets == set(COMPOSE["secrets"])


def test_secrets_are_in_no_variable_and_are_made_once(tmp_path: Path) -> None:
    script = tmp_path / "make-secrets.sh"
    script.write_bytes((DOCKER / "make-secrets.sh").read_bytes())

    def make(*arguments: str) -> dict[str, str]:
        subprocess.run(["sh", script, *arguments], check=True, capture_output=True, timeout=30)
        return {path.name: path.read_text().strip() for path in (tmp_path / "secrets").iterdir()}

    first = make()
    again = make("rabbitmq")

    declared = {Path(item["file"]).name for item in COMPOSE["secrets"].values()}
    assert declared <= set(first)
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert first["broker_url"] == first["redis_url"]
    assert again["broker_url"] == f"amqp://calipso:{first['rabbitmq_password']}@rabbitmq:5672//"
    assert {key: first[key] for key in first if key != "broker_url"}.items() <= again.items()
    assert len(first["mongo_password"]) >= 32
    text = (DOCKER / "compose.yaml").read_text() + (DOCKER / ".env.example").read_text()
    assert not [value for value in first.values() if value in text]


def test_the_image_runs_as_a_user_without_rights_and_in_two_stages() -> None:
    lines = (DOCKER / "Dockerfile").read_text(encoding="utf-8").splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]

    assert len([line for line in lines if line.startswith("FROM ")]) == 2
    assert users == ["10001:10001"]
    assert not [line for line in lines if re.match(r"(ADD|ENV .*(PASSWORD|SECRET))", line)]
    copied = re.findall(
        r"docker/[\w.]+", "\n".join(line for line in lines if "COPY docker" in line)
    )
    for name in [*copied, "docker/install.sh"]:
        assert (ROOT / name).is_file()
        assert f"!{name}" in (ROOT / ".dockerignore").read_text().splitlines()


def test_what_the_builder_gets_holds_the_product_and_no_data() -> None:
    wanted = [
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    ]

    assert all((ROOT / name).exists() for name in wanted)
    assert not {"var", "tests", ".venv", ".git", ".demo", "docker/secrets"} & set(wanted)
    tops = {path.name for path in ROOT.iterdir() if (path / "__init__.py").is_file()}
    assert tops - {"tests"} <= set(wanted)
    folders, files = folders_elsewhere(ROOT / "setup.cfg"), files_read(ROOT / "setup.cfg")
    assert "tests/sample_cloud" in folders
    assert "packaging/description.md" in files
    assert folders | files <= set(wanted)


def health(role: list[str], home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, DOCKER / "healthcheck.py", *role],
        env={"CALIPSO_HOME": str(home), "API_BIND": "127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("role", [["beat"], ["worker", "sources"]])
def test_a_worker_is_well_while_its_heartbeat_is_fresh(role: list[str], tmp_path: Path) -> None:
    import os
    import socket

    assert health(role, tmp_path).returncode == 1
    name = "beat" if role == ["beat"] else f"sources@{socket.gethostname()}"
    (tmp_path / "run").mkdir()
    path = tmp_path / "run" / f"heartbeat-{name}"
    path.touch()
    assert health(role, tmp_path).returncode == 0
    os.utime(path, (0, 0))
    stale = health(role, tmp_path)
    assert stale.returncode == 1
    assert "no sign of life" in stale.stderr


def test_an_api_that_does_not_answer_is_not_well(tmp_path: Path) -> None:
    assert health(["api"], tmp_path).returncode == 1


def test_waiting_for_a_store_ends_with_its_name(home: Path) -> None:
    import os

    result = subprocess.run(
        [sys.executable, DOCKER / "wait_for_stores.py", "redis", "mongo"],
        env=os.environ | {"CALIPSO_MONGO_URL": "mongodb://127.0.0.1:1", "WAIT_SECONDS": "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )

    assert result.returncode == 1
    assert "MongoDB at mongodb://127.0.0.1:1" in result.stderr


@pytest.mark.parametrize("script", sorted(DOCKER.glob("*.sh")), ids=lambda path: path.name)
def test_scripts_are_understood_by_the_shell(script: Path) -> None:
    shell = "bash" if "bash" in script.read_text().splitlines()[0] else "sh"

    subprocess.run([shell, "-n", script], check=True, timeout=10)


def test_the_dockerfile_has_none_of_the_usual_faults() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    if not linter.exists():
        pytest.skip("hadolint is not installed")
    done = subprocess.run(
        [linter, DOCKER / "Dockerfile"], capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stdout) == (0, "")
