"""Users and environments of the API, as the tests of the API have them."""

from __future__ import annotations

from tests.api.conftest import app, apps, environment, login

__all__ = ["app", "apps", "environment", "login"]
