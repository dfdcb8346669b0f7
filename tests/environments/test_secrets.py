"""Stored secrets: encrypted with a key file that can be replaced."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso.errors import ConfigError, InstallationError
from calipso.secrets.box import MARK, MASK, SecretBox, map_secrets, masked

from .conftest import SECRET


def test_a_secret_comes_back_and_its_stored_form_does_not_show_it(key_path: Path) -> None:
    box = SecretBox(key_path)

    stored = box.encrypt(SECRET)

    assert stored.startswith(MARK)
    assert SECRET not in stored
    assert box.decrypt(stored) == SECRET


def test_the_key_file_is_made_at_first_use_for_its_owner_only(key_path: Path) -> None:
    SecretBox(key_path).encrypt("x")

    assert stat.S_IMODE(key_path.stat().st_mode) == 0o600
    assert len(key_path.read_text().splitlines()) == 1


def test_processes_that_start_together_end_with_one_key(key_path: Path) -> None:
    boxes = [SecretBox(key_path) for _ in range(16)]

    with ThreadPoolExecutor(16) as pool:
        stored = list(pool.map(lambda box: box.encrypt("x"), boxes))

    assert len(key_path.read_text().splitlines()) == 1
    assert {SecretBox(key_path).decrypt(value) for value in stored} == {"x"}
    assert list(key_path.parent.iterdir()) == [key_path]


def test_an_older_key_still_opens_and_the_newest_encrypts(key_path: Path) -> None:
    box = SecretBox(key_path)
    old = box.encrypt("x")

    box.add_key()
    new = box.encrypt("x")

    assert box.decrypt(old) == "x"
    box.drop_old_keys()
    assert box.decrypt(new) == "x"
    with pytest.raises(ConfigError, match="no key in it"):
        box.decrypt(old)


def test_another_key_file_says_which_file_and_what_to_do(tmp_path: Path) -> None:
    stored = SecretBox(tmp_path / "one").encrypt(SECRET)
    SecretBox(tmp_path / "two").encrypt("x")

    with pytest.raises(ConfigError) as caught:
        SecretBox(tmp_path / "two").decrypt(stored)

    assert str(tmp_path / "two") in caught.value.message
    assert "key file" in caught.value.hint
    assert SECRET not in f"{caught.value.message}{caught.value.hint}"


def test_a_missing_key_file_is_not_made_anew_when_reading(key_path: Path) -> None:
    stored = SecretBox(key_path).encrypt("x")
    key_path.unlink()

    with pytest.raises(ConfigError, match="missing"):
        SecretBox(key_path).decrypt(stored)

    assert not key_path.exists()


@pytest.mark.parametrize("content", ["not a key\n", "\n# only a comment\n"])
def test_a_broken_key_file_is_a_named_error(key_path: Path, content: str) -> None:
    key_path.parent.mkdir()
    key_path.write_text(content)

    with pytest.raises(ConfigError, match=r"secret\.keys"):
        SecretBox(key_path).encrypt("x")


def test_a_secret_encrypted_elsewhere_is_no_fault_of_this_installation(key_path: Path) -> None:
    elsewhere = SecretBox(key_path.with_name("other.keys")).encrypt("x")
    SecretBox(key_path).encrypt("y")

    with pytest.raises(ConfigError, match="a key that is not in the key file") as caught:
        SecretBox(key_path).encrypt(elsewhere)
    assert not isinstance(caught.value, InstallationError)


def test_a_value_that_is_encrypted_already_is_not_encrypted_twice(key_path: Path) -> None:
    box = SecretBox(key_path)
    stored = box.encrypt("x")

    assert box.encrypt(stored) == stored


def test_secrets_are_masked_wherever_they_stand() -> None:
    document = {
        "pwd": SECRET,
        "port": 5000,
        "configuration": [
            {"name": "CLI", "hosts": {"a.example": {"pwd": SECRET, "user": "u"}}},
            {"name": "Monitoring", "rabbitmq_pass": SECRET, "ssh_password": ""},
            {"name": "Kubernetes", "token": SECRET},
        ],
    }

    shown = masked(document)

    assert SECRET not in str(shown)
    assert shown["configuration"][0]["hosts"]["a.example"] == {"pwd": MASK, "user": "u"}
    assert shown["configuration"][1]["ssh_password"] == ""
    assert shown["port"] == 5000


@pytest.mark.parametrize(
    "key",
    ["pwd", "Password", "apiToken", "client_secret", "api_key", "privateKey", "credentials"],
)
def test_all_below_a_key_of_secrets_is_masked(key: str) -> None:
    document = {key: [SECRET, {"of": SECRET, "n": 12345}], "key": "/etc/id", "user": "u"}

    shown = masked(document)

    assert shown == {key: [MASK, {"of": MASK, "n": MASK}], "key": "/etc/id", "user": "u"}


@given(
    st.dictionaries(st.text("ab"), st.text() | st.lists(st.dictionaries(st.text("ab"), st.text())))
)
def test_a_document_without_secrets_is_not_changed(document: object) -> None:
    assert map_secrets(document, lambda _: "changed") == document
