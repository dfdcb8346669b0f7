"""Private keys of SSH accounts, each file loaded once."""

from __future__ import annotations

import logging
import threading
from functools import lru_cache
from pathlib import Path

import paramiko

from calipso.errors import CliAccessError, ErrorKind

log = logging.getLogger(__name__)

_key_lock = threading.Lock()


def private_key(host: str, path: str) -> paramiko.PKey | None:
    """The key in a file; None without a path. Raises CliAccessError."""
    if not path:
        return None
    try:
        file = Path(path).expanduser()
        with _key_lock:
            return _load_key(file, file.stat().st_mtime_ns)
    except (OSError, ValueError, TypeError, paramiko.SSHException) as error:
        # whoever may edit an environment reads the message: it does not reveal which files exist
        log.debug("private key %s: %s", path, error or type(error).__name__)
        raise CliAccessError(
            f"{host}: private key {path} cannot be used",
            kind=ErrorKind.LOGIN_FAILED,
            hint="CLI.key must be the path of a private key without a passphrase, readable where "
            "the worker runs; its log says more at level DEBUG.",
            host=host,
        ) from None


@lru_cache(maxsize=64)
def _load_key(file: Path, _changed: int) -> paramiko.PKey:
    """Loading an RSA key takes 0.2 s of CPU (its primes are checked): once, not once a host."""
    return paramiko.PKey.from_path(file)
