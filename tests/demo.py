"""`make demo` and `make down`: a sample cloud, scanned by the stack that production uses.

python tests/demo.py up [flags of the sample cloud]
python tests/demo.py down
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".demo"
STATE = FOLDER / "cloud.json"
PASSWORD = FOLDER / "admin.password"
BUILT = ROOT / "calipso" / "ui" / "dist" / "index.html"
CALIPSO = [sys.executable, "-m", "calipso"]
SIZE = ["--hosts", "8", "--instances", "40", "--networks", "8", "--troubles"]
START_SECONDS = 60.0
LOOK_AROUND = ("status", "inventory tree --env demo --depth 6", "scan show last --coverage")


def main() -> int:
    action, *flags = sys.argv[1:] or ["up"]
    os.chdir(ROOT)
    FOLDER.mkdir(exist_ok=True, mode=0o700)
    return down() if action == "down" else up(flags or SIZE)


def up(flags: list[str]) -> int:
    """Stack, cloud, environment, scan; the stack and the cloud stay up."""
    began = time.monotonic()
    step("Starting MongoDB, Redis, the workers and the API")
    if calipso("up", "--admin-password-file", str(PASSWORD)):
        return 1
    know_password()
    step("Starting a sample cloud: OpenStack API, MySQL and SSH on loopback")
    stop_cloud()
    state = start_cloud(flags)
    environment = state["environment"]
    step("Adding it as environment `demo`")
    file = FOLDER / "environment.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(environment), encoding="utf-8")
    if calipso("env", "add", "--file", str(file), "--replace", "--no-test"):
        return 1
    step("Scanning it")
    result = calipso("scan", "run", "demo", "--watch")
    if result == 0 and (host := lose_host(state)):
        step(f"{host} does not answer any more: scanning again, what was read of it stays")
        calipso("scan", "run", "demo", "--watch")
    if result == 0:
        tell_more(time.monotonic() - began, state["troubles"])
    return result


def lose_host(state: dict[str, Any]) -> str:
    """Let a host of the cloud refuse SSH; its name, or nothing when no trouble says so."""
    for trouble in state["troubles"]:
        if "fault" in trouble:
            order = json.dumps({"fault": trouble["fault"]}).encode()
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            opener.open(urllib.request.Request(state["control"], order), timeout=30).close()
            return str(trouble["name"])
    return ""


def down() -> int:
    stop_cloud()
    return calipso("down")


def start_cloud(flags: list[str]) -> dict[str, Any]:
    """Start the sample cloud detached; what it tells about itself."""
    STATE.unlink(missing_ok=True)
    log = FOLDER / "cloud.log"
    command = [sys.executable, "-m", "tests.sample_cloud", "--name", "demo", "--state", str(STATE)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *flags],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while not STATE.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"error: the sample cloud does not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.1)
    state = json.loads(STATE.read_text(encoding="utf-8"))
    print(", ".join(f"{number} {name}" for name, number in state["summary"].items()))
    return dict(state)


def stop_cloud() -> None:
    """End the sample cloud of an earlier run, if it is one."""
    try:
        pid = int(json.loads(STATE.read_text(encoding="utf-8"))["pid"])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError, KeyError):
        return
    if b"tests.sample_cloud" in command:
        os.kill(pid, signal.SIGTERM)
    STATE.unlink(missing_ok=True)


def tell_more(seconds: float, troubles: list[dict[str, Any]]) -> None:
    """Commands to go on with; those of the faults that were planted come first."""
    step(f"Done in {seconds:.0f} s. The stack stays up; `make down` stops it. Look around:")
    program = f"{Path(sys.executable).parent.relative_to(ROOT)}/calipso"
    for line in (*find_troubles(troubles), *LOOK_AROUND):
        print(f"  {program} {line}")
    if troubles:
        print("\n  What was planted, to be found:")
    for trouble in troubles:
        print(f"  - {trouble['text']}")
    tell_api()


def find_troubles(troubles: list[dict[str, Any]]) -> list[str]:
    """Commands that find what is wrong with the cloud."""
    if not troubles:
        return []
    instances = [each["name"] for each in troubles if each["object_type"] == "instance"]
    return [
        "inventory list --env demo --with-problems",
        *(f"clique show {name} --env demo" for name in instances[:2]),
        "inventory list --env demo --stale --type host_pnic",
    ]


def know_password() -> None:
    """A stack that was up before has its admin; the demo then gives it a password of its own."""
    if PASSWORD.exists():
        return
    PASSWORD.touch(mode=0o600)
    PASSWORD.write_text(secrets.token_urlsafe(15) + "\n", encoding="utf-8")
    calipso("-q", "user", "passwd", "admin", "--password-file", str(PASSWORD))


def tell_api() -> None:
    """The address of the API, and a call of it that works as it stands."""
    listed = [*CALIPSO, "-q", "status", "-f", "json"]
    found = subprocess.run(listed, capture_output=True, text=True, check=False)
    address = next(row["address"] for row in json.loads(found.stdout) if row["name"] == "api")
    folder = PASSWORD.relative_to(ROOT)
    print(f"""
  The web UI: {address}/ui/{"" if BUILT.exists() else " (to be built first: make ui)"}

  The API answers at {address}/api/v1 (to read and to try: {address}/api/v1/doc); user admin,
  its password is in {folder}. Or by curl, see docs/api.md:

  curl -s -u "admin:$(cat {folder})" "{address}/api/v1/inventory?env_name=demo&type=host&limit=1"
""")


def calipso(*arguments: str) -> int:
    return subprocess.run([*CALIPSO, *arguments], check=False).returncode


def step(text: str) -> None:
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
