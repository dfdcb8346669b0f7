"""One cloud for all tests of a module: scanned, changed, scanned again; and windows before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from calipso.api import streams
from calipso.api.app import create_app
from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.model.user import Grant, Role, User
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo import mongo_access
from calipso.stores.people.user_store import UserStore
from calipso.utils.clock import now
from tests.conftest import Stores
from tests.sample_cloud.running import running_cloud
from tests.ui.conftest import PASSWORD, Served, Walk
from tests.ui.life import live

OVS_AGENT = "Open vSwitch agent"


@dataclass
class Cloud:
    """The cloud of this module: scanned, changed, scanned again."""

    inv: InventoryMgr
    served: Served
    #: A NIC that went down between the scans, an agent that died, and a moment between them.
    nic: dict[str, Any]
    agent: dict[str, Any]
    between: datetime

    def on(self, host: str) -> dict[str, Any]:
        """An instance on this host."""
        found = self.inv.find_all("inventory", {"type": "instance", "host": host})
        return sorted(found, key=lambda item: str(item["name"]))[0]


@pytest.fixture(scope="module")
def cloud(
    stores: Stores, apps: dict[int, Flask], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cloud]:
    """A cloud whose NIC went down; with drift, events and monitoring; users anna and otto."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CALIPSO_HOME", str(tmp_path_factory.mktemp("answers")))
        patch.setenv("CALIPSO_MONGO_URL", stores.mongo_url)
        patch.setenv("CALIPSO_REDIS_URL", stores.redis_url)
        patch.setenv("CALIPSO_MONGO_DATABASE", "answers")
        settings.cache_clear()
        inv = InventoryMgr()
        inv.ensure_indexes()
        UserStore().add(User(name="anna", role=Role.ADMIN), PASSWORD)
        seeing = {"demo": Grant.VIEW}
        UserStore().add(User(name="otto", role=Role.VIEWER, grants=seeing), PASSWORD)
        nic, agent, between = _scanned_twice(inv)
        live(inv)
        limit = settings().api_max_body
        served = Served(apps.setdefault(limit, apps.get(limit) or create_app()))
        yield Cloud(inv, served, nic, agent, between)
        served.stop()
        streams.stopping.clear()
        inv.db.client.drop_database("answers")
        mongo_access.close_clients()
    settings.cache_clear()


def _scanned_twice(inv: InventoryMgr) -> tuple[dict[str, Any], dict[str, Any], datetime]:
    with running_cloud(hosts=4, instances=6, networks=2) as cloud:
        EnvironmentStore().add(deepcopy(cloud.environment) | {"name": "demo"})
        run_local(ScanRequest(environment="demo"))
        between = now()
        host = min(str(item["host"]) for item in inv.find("demo", "instance"))
        nic = next(
            one for one in inv.find("demo", "host_pnic", host=host) if one["local_name"] == "ens1f0"
        )
        cloud.mutate("set_nic", host=nic["host"], device=nic["local_name"], up=False)
        agents = inv.find_all("inventory", {"type": "network_agent", "agent_type": OVS_AGENT})
        agent = next(one for one in agents if one["host"] == host)
        cloud.mutate("set_agent", host=host, agent_type=OVS_AGENT, alive=False)
        cloud.mutate("create_instance", host=host, name="made-later")
        run_local(ScanRequest(environment="demo"))
    return nic, agent, between


@pytest.fixture
def walk(browser: Any, cloud: Cloud) -> Iterator[Callable[..., Walk]]:
    """Opens a window that is logged in: `walk("/ui/drift", width=390)`."""
    contexts = []

    def opened(path: str, name: str = "anna", width: int = 1280, **options: Any) -> Walk:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        context.set_default_timeout(60_000)
        contexts.append(context)
        found = Walk(context.new_page(), cloud.served.address)
        found.log_in(path, name)
        return found

    yield opened
    for context in contexts:
        context.close()


Open = Callable[..., Walk]


def ends(cloud: Cloud) -> tuple[str, str]:
    """Names of two instances, the first behind the NIC that is down, the other elsewhere."""
    hosts = {str(one["host"]) for one in cloud.inv.find("demo", "instance")}
    other = min(hosts - {str(cloud.nic["host"])})
    return str(cloud.on(str(cloud.nic["host"]))["name"]), str(cloud.on(other)["name"])
