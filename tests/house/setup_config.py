"""What setup.cfg takes from outside the packages of its own folders."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path


def folders_elsewhere(setup: Path) -> set[str]:
    """Folders of `package_dir`: packages that lie elsewhere than their name says."""
    lines = _read(setup)["options"]["package_dir"].split("\n")
    return {line.partition("=")[2].strip() for line in lines if "=" in line}


def files_read(setup: Path) -> set[str]:
    """Files that a build reads: `file:` values, licences and single modules."""
    config = _read(setup)
    values = [value for section in config.values() for value in section.values()]
    named = [value[5:] for value in values if value.startswith("file:")]
    files = {word.strip() for value in named for word in value.split(",")}
    files |= set(config["metadata"]["license_files"].split())
    return files | {f"{name}.py" for name in config["options"]["py_modules"].split()}


def _read(setup: Path) -> ConfigParser:
    config = ConfigParser()
    config.read(setup)
    return config
