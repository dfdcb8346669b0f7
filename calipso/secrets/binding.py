"""Secrets that belong to the addresses they were given for.

A person who can write to the database, and does not have the key file, cannot read a stored secret;
without more, they could change the address beside it and have it sent to them. So the encrypted
text holds a digest of everything in the configuration that is no secret, with the name of the
environment. When it does not fit, nothing is decrypted.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from calipso.errors import ConfigError
from calipso.secrets.box import MARK, MARK_BOUND, MASK, SecretBox, is_encrypted, map_secrets

REMEDY = (
    "If the change is right, give the configuration with its secrets again (`calipso env add "
    "--replace`). If nobody of yours made it, find out who can write to MongoDB."
)


def digest(environment: str, sections: Any) -> str:
    """What secrets are bound to: name and sections of an environment, without the secrets."""
    shown = map_secrets(sections, lambda _: MASK)
    text = json.dumps([environment, shown], sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(environment: str, sections: Any, box: SecretBox) -> Any:
    """The sections with their secrets encrypted and bound. Raises ConfigError.

    What is encrypted already is taken only when it is bound to these very sections.
    """
    bound_to = digest(environment, sections)

    def seal(value: str) -> str:
        clear = _opened(value, environment, bound_to, box) if is_encrypted(value) else value
        return MARK_BOUND + box.token(json.dumps([bound_to, clear]))

    return map_secrets(sections, seal)


def opened(environment: str, sections: Any, box: SecretBox) -> Any:
    """The sections with their secrets in clear text. Raises ConfigError when they were changed."""
    bound_to = digest(environment, sections)
    return map_secrets(sections, lambda value: _opened(value, environment, bound_to, box))


def _opened(value: str, environment: str, bound_to: str, box: SecretBox) -> str:
    if value.startswith(MARK):
        raise ConfigError(
            f"environment {environment}: a secret is stored in the form of an older version, which "
            "does not say for which address it is",
            hint="Run `calipso db upgrade`. If the database is up to date, give the secret again.",
        )
    if not value.startswith(MARK_BOUND):
        return value
    known, clear = json.loads(box.clear(value.removeprefix(MARK_BOUND)))
    if known != bound_to:
        raise ConfigError(
            f"environment {environment}: its configuration was changed beside Calipso, so the "
            "stored secrets are not used",
            hint=REMEDY,
        )
    return str(clear)
