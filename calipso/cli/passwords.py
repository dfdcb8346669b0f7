"""Passwords of a command, from a file or standard input. Arguments are public."""

from __future__ import annotations

import sys
from pathlib import Path

from calipso.errors import ConfigError


def read_password(path: Path) -> str:
    """Return the only line of a file; `-` is standard input. Raises ConfigError."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise ConfigError(f"{path}: cannot read the password: {reason}") from None
    password = text.rstrip("\r\n")
    if not password or "\n" in password:
        raise ConfigError(f"{path}: expected one line with the password")
    return password


def on_terminal() -> bool:
    """True when a person can read a question and answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()
