"""Addresses and settings as they are shown: without passwords."""

from __future__ import annotations

import pytest

from calipso.cli.main import main
from calipso.settings import settings
from calipso.utils.masking import mask_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mongodb://me:secret@host/db", "mongodb://me:***@host/db"),
        (
            "mongodb://me:secret@h1:1,h2:2/db?authSource=a",
            "mongodb://me:***@h1:1,h2:2/db?authSource=a",
        ),
        ("redis://:secret@host:6379/0", "redis://:***@host:6379/0"),
        ("redis://:se@cr@et@host/0", "redis://:***@host/0"),
        ("redis://:se/cret@host/0", "redis://:***@host/0"),
        ("redis://:se?cr=et@host/0", "redis://:***@host/0"),
        ("redis://host:6379/0?db=1&password=secret", "redis://host:6379/0?db=1&password=***"),
        ("redis://[::1]:6379?password=se@cret", "redis://[::1]:6379?password=***"),
        ("redis+socket:///run/s?password=secret", "redis+socket:///run/s?password=***"),
        ("amqp://u:secret@h1//;amqp://u:secret@h2//", "amqp://u:***@h1//;amqp://u:***@h2//"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("host:6379", "host:6379"),
    ],
)
def test_passwords_of_addresses_are_masked(url: str, shown: str) -> None:
    assert mask_url(url) == shown


def test_no_setting_that_is_secret_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALIPSO_API_METRICS_TOKEN", "S3CRET-token")
    monkeypatch.setenv("CALIPSO_REDIS_URL", "redis://:S3CRET@w@host")
    monkeypatch.setenv("CALIPSO_API_KEY", "/etc/calipso/api.key")
    settings.cache_clear()

    assert main(["config", "show", "-f", "json"]) == 0

    settings.cache_clear()
    said = capsys.readouterr().out
    assert "S3CRET" not in said
    assert "w@host" not in said
    assert '"***"' in said
    assert "/etc/calipso/api.key" in said
