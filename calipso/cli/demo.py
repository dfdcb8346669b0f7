"""`calipso demo`: a sample cloud, scanned by the stack that `calipso up` starts."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from calipso import ui
from calipso.cli.output import tell
from calipso.cli.passwords import read_password
from calipso.cli.stack.process import spawn
from calipso.cli.stack.programs import python
from calipso.cli.stack.rundir import read_json, write_secret
from calipso.cli.stack.sample import DemoDir
from calipso.errors import CalipsoError, Conflict, NotFound
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.people.first_admin import NAME as ADMIN
from calipso.stores.people.user_store import UserStore

MODULE = "calipso.sample_cloud"
ENVIRONMENT = "demo"
SIZE = ("--hosts", "8", "--instances", "40", "--networks", "8", "--troubles")
START_SECONDS = 60.0
LOOK_AROUND = ("status", "inventory tree --env demo --depth 6", "scan show last --coverage")

#: Packages of the extra `demo`, as they are imported.
NEEDED = ("mysql_mimic", "sqlglot")


def demo(
    flags: Annotated[
        list[str] | None,
        typer.Argument(help="After `--`: flags of the sample cloud, such as --hosts 40."),
    ] = None,
    down: Annotated[
        bool, typer.Option("--down", help="Stop the sample cloud, and the stack with it.")
    ] = False,
) -> None:
    """Scan a sample cloud with the stack of this machine, and leave both running.

    Example: calipso demo -- --hosts 20 --instances 200
    """
    if down and flags:
        raise typer.BadParameter("no flags of the sample cloud with --down", param_hint="FLAGS")
    code = calipso("down") if down else show(flags or list(SIZE))
    raise typer.Exit(code)


def show(flags: list[str]) -> int:
    """Stack, cloud, environment, scan; returns the exit code of the first that failed."""
    _check_packages()
    _check_flags(flags)
    folder = DemoDir(settings().data_dir())
    began = time.monotonic()
    step("Starting MongoDB, Redis, the workers and the API")
    if code := calipso("up", "--admin-password-file", str(folder.password)):
        return code
    check_own(folder)
    step("Starting a sample cloud: OpenStack API, MySQL and SSH on loopback")
    folder.stop_cloud()
    state = start_cloud(folder, flags)
    step(f"Adding it as environment `{ENVIRONMENT}`")
    write_secret(folder.adding, json.dumps(state["environment"]))
    if code := calipso("env", "add", "--file", str(folder.adding), "--replace", "--no-test"):
        return code
    folder.adding.replace(folder.environment)
    step("Scanning it")
    code = calipso("scan", "run", ENVIRONMENT, "--watch")
    if code == 0 and (host := _lose_host(state)):
        step(f"{host} does not answer any more: scanning again, what was read of it stays")
        calipso("scan", "run", ENVIRONMENT, "--watch")
    if code == 0:
        _tell_more(folder, time.monotonic() - began, state.get("troubles", []))
    return code


def start_cloud(folder: DemoDir, flags: list[str]) -> dict[str, Any]:
    """Start the sample cloud detached; returns its description. Raises CalipsoError."""
    folder.log.unlink(missing_ok=True)
    command = python(MODULE, "--name", ENVIRONMENT, "--state", str(folder.state), *flags)
    process = spawn(command, folder.log, tied=False)
    deadline = time.monotonic() + START_SECONDS
    while not folder.state.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            said = _last_words(folder.log.read_text(encoding="utf-8", errors="replace"))
            raise CalipsoError(
                f"the sample cloud does not start: {said or 'it printed no message'}",
                hint=f"Its log is {folder.log}; `calipso down` stops the rest.",
            )
        time.sleep(0.1)
    state = dict(json.loads(folder.state.read_text(encoding="utf-8")))
    tell(", ".join(f"{number} {name}" for name, number in state["summary"].items()))
    return state


def _last_words(log: str) -> str:
    """Return why the sample cloud ended: the last line of its log, without the program's name."""
    last = (log.strip().splitlines() or [""])[-1]
    return last.partition(": error: ")[2] or last


def _check_packages() -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing or importlib.util.find_spec(MODULE) is None:
        raise CalipsoError(
            f"the sample cloud cannot run: not installed: {', '.join(missing) or MODULE}",
            hint='Run `pip install "calipso[demo,embedded]"`.',
        )


def _lose_host(state: dict[str, Any]) -> str:
    """Let a host of the cloud refuse SSH. Returns its name; empty if no trouble names one."""
    for trouble in state.get("troubles", []):
        if "fault" in trouble:
            order = json.dumps({"fault": trouble["fault"]}).encode()
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            request = urllib.request.Request(state["control"], order)  # noqa: S310 - our own cloud
            opener.open(request, timeout=30).close()
            return str(trouble["name"])
    return ""


def _tell_more(folder: DemoDir, seconds: float, troubles: list[dict[str, Any]]) -> None:
    """Print commands to try next; those that find the planted troubles come first."""
    step(f"Done in {seconds:.0f} s. The stack stays up; `calipso demo --down` stops it.")
    typer.echo("Look around:")
    for line in (*_find_troubles(troubles), *LOOK_AROUND):
        typer.echo(f"  {_program()} {line}")
    if troubles:
        typer.echo("\n  What was planted, to be found:")
    for trouble in troubles:
        tell(f"  - {trouble['text']}")
    if address := _api_address():
        tell_api(folder, address)


def _check_flags(flags: list[str]) -> None:
    """Raises BadParameter for wrong flags, before a running sample cloud is stopped for them."""
    command = python(MODULE, *flags, "--check")
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise typer.BadParameter(_last_words(done.stderr), param_hint="FLAGS")


def _find_troubles(troubles: list[dict[str, Any]]) -> list[str]:
    """Return the commands that find the planted troubles."""
    if not troubles:
        return []
    instances = [each["name"] for each in troubles if each["object_type"] == "instance"]
    return [
        "inventory list --env demo --with-problems",
        *(f"{_view(name)} {name} --env demo" for name in instances[:2]),
        "inventory list --env demo --stale --type host_pnic",
    ]


def _view(instance: str) -> str:
    """The command that shows what is wrong with an instance: without a NIC it has no clique."""
    inv = InventoryMgr()
    wanted = {"environment": ENVIRONMENT, "type": "instance", "name": instance}
    keys = [item["_id"] for item in inv.find_items(wanted, ("name",))]
    focal = {"environment": ENVIRONMENT, "focal_point": {"$in": keys}}
    return "clique show" if inv.collection("cliques").find_one(focal, {}) else "inventory show"


def check_own(folder: DemoDir) -> None:
    """Raises Conflict when an environment `demo` is stored that no demo of this folder added."""
    try:
        stored = EnvironmentStore().masked(ENVIRONMENT)
    except NotFound:
        return
    added = read_json(folder.environment)
    if not added or _api(stored) != _api(added):
        raise Conflict(
            f"there is an environment `{ENVIRONMENT}` that the demo of this data directory did not "
            "add; it stays as it is",
            hint=f"`calipso env remove {ENVIRONMENT}` removes it; or run the demo with a store of "
            "its own: another CALIPSO_HOME, no CALIPSO_MONGO_URL.",
        )


def _api(environment: Mapping[str, Any]) -> tuple[str, str] | None:
    """Host and port of the API of an environment; they tell a sample cloud from other clouds."""
    for section in environment.get("configuration", ()):
        if section["name"] == "OpenStack":
            return str(section["host"]), str(section["port"])
    return None


def tell_api(folder: DemoDir, address: str) -> None:
    """Print the addresses of the API and the web UI, and a call that works without changes."""
    query = "inventory?env_name=demo&type=host&limit=1"
    known = knows_password(folder)
    file = _short(folder.password)
    password = (
        f"its password is in {file}"
        if known
        else f"user {ADMIN} keeps its password (`calipso user passwd {ADMIN}` sets another)"
    )
    user = f'"{ADMIN}:$(cat {file})"' if known else ADMIN
    built = "" if ui.is_built() else " (not built yet: `make ui` builds it)"
    typer.echo(f"""
  The web UI is at {address}/ui/{built}.
  The API answers at {address}/api/v1 (to read and to try: {address}/api/v1/doc); user {ADMIN},
  {password}. Or by curl:

  curl -s -u {user} "{address}/api/v1/{query}"
""")


def knows_password(folder: DemoDir) -> bool:
    """True when the file of the demo holds the password of the admin in this store."""
    if not folder.password.exists():
        return False
    return UserStore().checked(ADMIN, read_password(folder.password)) is not None


def _api_address() -> str:
    """Where the API listens; empty when it does not."""
    listed = python("calipso", "-q", "status", "-f", "json")
    found = subprocess.run(listed, capture_output=True, text=True, check=False)  # noqa: S603
    rows = json.loads(found.stdout or "[]")
    return str(next((row["address"] for row in rows if row["name"] == "api"), ""))


def _program() -> str:
    """Return the command with which a person in this directory runs calipso."""
    return _short(Path(sys.argv[0])) if Path(sys.argv[0]).name == "calipso" else "calipso"


def _short(path: Path) -> str:
    """Return a path relative to the current directory if it is inside of it."""
    path = path.absolute()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def calipso(*arguments: str) -> int:
    """Run a command line of ours in a process of its own; returns its exit code."""
    return subprocess.run(python("calipso", *arguments), check=False).returncode  # noqa: S603


def step(text: str) -> None:
    """Print a headline for the next step."""
    typer.echo(f"\n== {text}")
    sys.stdout.flush()
