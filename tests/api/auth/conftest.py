"""Passwords are hashed with less work: these tests are about what comes of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from calipso.stores.people import passwords


@pytest.fixture(autouse=True)
def _less_work(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=1024))
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()
