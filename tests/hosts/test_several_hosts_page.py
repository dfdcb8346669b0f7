"""docs/several-hosts.md says what is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import yaml
from click.testing import CliRunner

from calipso.cli.lazy import load
from calipso.model.environment import parse_environment
from calipso.settings import Settings
from tests.environments.test_queues import SECTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "several-hosts.md").read_text(encoding="utf-8")


def test_its_environment_is_one():
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)

    queues = parse_environment({**yaml.safe_load(text), "configuration": SECTIONS}).queues

    assert queues.of("db") == "db-dc1"
    assert queues.of("cli", "edge2-17") == "cli-edge"
    assert queues.of("cli", "DC2-4.example.org") == "cli-dc2"
    assert queues.of("cli", "dc2-4.example.com") == "cli"


def test_its_workers_are_started_as_it_says():
    lines = re.findall(r"calipso worker .*", PAGE)
    options = CliRunner().invoke(load("worker"), ["--help"]).output

    assert len(lines) >= 2
    for line in lines:
        for word in shlex.split(line):
            assert not word.startswith("--") or word in options, line


def test_its_settings_are_settings():
    words = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", PAGE))
    variables = {word.lower() for word in re.findall(r"CALIPSO_([A-Z_]+)", PAGE)}
    of_environments = {"known_hosts", "ca_file"}

    assert words - of_environments - set(Settings.model_fields) == set()
    assert variables <= set(Settings.model_fields)
