"""Calipso from a wheel and in any directory: what lies there never takes the place of a package."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: Folders a person may have; each ends the process that imports it.
TRAPS = ("calipso", "celery", "redis", "workers", "monitoring", "kombu", "pymongo", "flask")
TRAPS += ("gunicorn", "paramiko", "mysql_mimic", "typer", "rich")


@pytest.fixture
def traps(tmp_path: Path) -> Path:
    """A directory with a package of each name that we import."""
    folder = tmp_path / "here"
    for name in TRAPS:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(f"raise SystemExit('the wrong {name}')\n")
    (folder / "celeryconfig.py").write_text("raise SystemExit('the wrong celeryconfig')\n")
    return folder


@pytest.fixture(params=["checkout", pytest.param("wheel", marks=pytest.mark.long)])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The command `calipso`, as this checkout has it and as a wheel installs it."""
    if request.param == "checkout":
        return Path(sysconfig.get_path("scripts")) / "calipso"
    return installed(tmp_path)


def installed(folder: Path) -> Path:
    """Build the wheel of a copy and install it into a fresh virtual environment.

    That one has Calipso alone; the packages it needs are those of the environment of the tests.
    """
    source, venv = folder / "source", folder / "venv"
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    flags = ["--no-deps", "--no-build-isolation", "-w", str(folder)]
    run([*pip, "wheel", *flags, str(source)])
    run([sys.executable, "-m", "venv", "--without-pip", str(venv)])
    (wheel,) = folder.glob("calipso-*.whl")
    run([*pip, "--python", str(venv), "install", "--no-deps", str(wheel)])
    lib = venv / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    # Added as a plain folder: the `.pth` of the checkout's own Calipso in it is not read.
    (lib / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return venv / "bin" / "calipso"


def run(words: list[str], **more: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False, **more)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture
def environment() -> dict[str, str]:
    """Nothing of ours in it, and the programs of the stores on PATH."""
    path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
    return {
        name: value
        for name, value in (os.environ | {"PATH": path}).items()
        if not name.startswith(("CALIPSO_", "PYTHON")) and not name.endswith("_URL")
    }


@pytest.mark.long
@pytest.mark.broker
def test_the_demo_runs_in_a_directory_full_of_folders_called_like_packages(
    program: Path, traps: Path, environment: dict[str, str]
) -> None:
    given = {"cwd": traps, "env": environment}
    assert "calipso" in run([str(program), "--version"], **given).stdout
    try:
        demo = run([str(program), "demo", "--", "--hosts", "4", "--instances", "4"], **given)
        listed = run([str(program), "inventory", "list", "-e", "demo", "-t", "host"], **given)
        status = run([str(program), "status"], **given)
        words = {"COMP_WORDS": "calipso inventory list --host comp", "COMP_CWORD": "4"}
        asked = environment | words | {"_CALIPSO_COMPLETE": "complete_bash"}
        offered = run([str(program)], cwd=traps, env=asked)
    finally:
        down = subprocess.run([str(program), "down"], capture_output=True, text=True, **given)  # type: ignore[call-overload]

    assert "the wrong" not in demo.stdout + demo.stderr
    assert "compute-1" in listed.stdout
    assert "compute-1" in offered.stdout.split()
    assert f"data directory: {traps / 'var'}" in status.stderr
    assert "stopped the sample cloud" in down.stderr
    assert "calipso is down" in down.stderr
