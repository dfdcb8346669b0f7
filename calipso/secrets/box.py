"""Secrets at rest: credentials in stored documents are encrypted with a key file.

The file holds Fernet keys, one a line, newest first: the first encrypts, each decrypts. So a key
can be replaced while every secret stays readable. Workers on several machines need the same file.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from calipso.errors import ConfigError, InstallationError
from calipso.model.environment import is_secret_key
from calipso.settings import Settings, settings

#: Before an encrypted secret; the second: one that is bound to its address (`binding`).
MARK = "enc:v1:"
MARK_BOUND = "enc:v2:"
MASK = "********"


def key_file(config: Settings | None = None) -> Path:
    """Return the path of the key file."""
    config = config or settings()
    return config.key_file or config.data_dir() / "secret.keys"


class SecretBox:
    """Encrypts and decrypts with the keys of one file. The first use makes the file."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or key_file()

    def encrypt(self, value: str) -> str:
        """Return the value, encrypted and marked.

        A value that these keys decrypt stays unchanged.
        """
        if value.startswith(MARK):
            try:
                self.decrypt(value)
            except InstallationError as error:
                raise ConfigError(
                    "the secret is encrypted with a key that is not in the key file",
                    hint="Give it in clear text, or copy its key file here (setting key_file).",
                ) from error
            return value
        return MARK + self.token(value)

    def decrypt(self, value: str) -> str:
        """Return the value in clear text. A value without our mark is in clear text already."""
        return self.clear(value.removeprefix(MARK)) if value.startswith(MARK) else value

    def token(self, text: str) -> str:
        """The text, encrypted with the newest key; without a mark."""
        return self._fernet(create=True).encrypt(text.encode()).decode()

    def clear(self, token: str) -> str:
        """The text of a token without its mark. Raises InstallationError."""
        try:
            return self._fernet().decrypt(token.encode()).decode()
        except InvalidToken:
            raise InstallationError(
                f"{self.path}: no key in it opens a stored secret",
                hint="Bring back the key file that was used when the environment was added "
                "(setting key_file), or give the passwords again: `calipso env add --replace`.",
            ) from None

    def renewed(self, value: str) -> str:
        """Return the value encrypted with the newest key; unchanged if it already is."""
        newest = Fernet(self._keys(create=True)[0])
        mark = next((mark for mark in (MARK, MARK_BOUND) if value.startswith(mark)), "")
        with contextlib.suppress(InvalidToken):
            newest.decrypt(value.removeprefix(mark).encode())
            return value
        if not mark:
            return self.encrypt(value)
        return mark + self.token(self.clear(value.removeprefix(mark)))

    def add_key(self) -> None:
        """Put a new key first; the others still decrypt."""
        _replace(self.path, [Fernet.generate_key().decode(), *self._keys(create=True)])

    def drop_old_keys(self) -> None:
        """Keep the newest key only.

        Values that an older key encrypted can no longer be decrypted.
        """
        _replace(self.path, self._keys()[:1])

    def _fernet(self, *, create: bool = False) -> MultiFernet:
        try:
            return MultiFernet([Fernet(key) for key in self._keys(create=create)])
        except ValueError:
            raise InstallationError(
                f"{self.path}: a line is not a key",
                hint="Each line is a Fernet key (32 bytes, URL-safe base64), newest first.",
            ) from None

    def _keys(self, *, create: bool = False) -> list[str]:
        try:
            if create and not self.path.exists():
                _create(self.path)
            lines = self.path.read_text(encoding="ascii").splitlines()
        except FileNotFoundError:
            raise InstallationError(
                f"{self.path}: the key file is missing",
                hint="Copy it from where the environment was added, or set CALIPSO_KEY_FILE.",
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a text file"
            raise InstallationError(
                f"{self.path}: cannot be used as key file: {reason}",
                hint="The user that runs Calipso must be able to read it.",
            ) from None
        keys = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        if not keys:
            raise InstallationError(f"{self.path}: the key file holds no key", hint="Restore it.")
        return keys


def is_encrypted(value: str) -> bool:
    """True for what this module has encrypted, bound or not."""
    return value.startswith((MARK, MARK_BOUND))


def _create(path: Path) -> None:
    """Make the file with one key. If several processes do it at once, all use the same file."""
    temporary = _temporary(path, [Fernet.generate_key().decode()])
    try:
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink()


def _replace(path: Path, keys: list[str]) -> None:
    _temporary(path, keys).replace(path)


def _temporary(path: Path, keys: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".keys-")  # mode 0600
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write("".join(key + "\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def map_secrets(value: Any, change: Callable[[str], str], *, secret: bool = False) -> Any:
    """Return the same document with every secret in it changed; empty secrets stay empty.

    All text and numbers below the key of a secret are secrets, also in lists.
    """
    if isinstance(value, dict):
        return {
            key: map_secrets(item, change, secret=secret or is_secret_key(str(key)))
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [map_secrets(item, change, secret=secret) for item in value]
    given = isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""
    return change(str(value)) if secret and given else value


def masked(document: Any) -> Any:
    """Return the document with its secrets masked, so that it may be shown."""
    return map_secrets(document, lambda _: MASK)
