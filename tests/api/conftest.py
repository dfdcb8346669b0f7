"""The API on real stores, and users of each role."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calipso.api.app import create_app
from calipso.api.auth.ldap_config import ldap_config
from calipso.model.user import Grant, Role, User
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.people.token_store import TokenStore
from calipso.stores.people.user_store import UserStore

Login = Callable[..., FlaskClient]


@pytest.fixture(scope="session")
def apps() -> dict[int, Flask]:
    """Applications of this process: making one compiles 66 routes, half the time of a test."""
    return {}


@pytest.fixture
def app(home: Path, inv: InventoryMgr, apps: dict[int, Flask]) -> Flask:
    """The application on an empty database. Of the settings it takes one when it is made."""
    ldap_config()  # as create_app does
    limit = settings().api_max_body
    if limit not in apps:
        apps[limit] = create_app()
    return apps[limit]


@pytest.fixture
def login(app: Flask) -> Login:
    """A client of a new user: `login("operator", prod="edit")`; `**{"*": "view"}` for all."""

    def client(role: str = "admin", name: str = "", **grants: str) -> FlaskClient:
        user = User(
            name=name or f"{role}-{len(list(UserStore().collection.find()))}",
            role=Role(role),
            grants={environment: Grant(grant) for environment, grant in grants.items()},
        )
        UserStore().add(user)
        token, _ = TokenStore().issue(user.name, 600)
        found = app.test_client()
        found.environ_base["HTTP_X_AUTH_TOKEN"] = token
        return found

    return client


@pytest.fixture
def admin(login: Login) -> FlaskClient:
    """A client that may do everything."""
    return login("admin")


@pytest.fixture
def environment(home: Path) -> Callable[..., str]:
    """Adds an environment: `environment("prod")`."""

    def add(name: str = "prod", **fields: Any) -> str:
        EnvironmentStore().add(
            {
                "name": name,
                "configuration": [
                    {"name": "OpenStack", "host": "192.0.2.1", "user": "u", "pwd": "api-secret"},
                    {"name": "mysql", "host": "192.0.2.1", "user": "u", "pwd": "db-secret"},
                    {"name": "CLI", "host": "192.0.2.1", "user": "u", "pwd": "ssh-secret"},
                ],
            }
            | fields
        )
        return name

    return add
