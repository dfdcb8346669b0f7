"""The common base of all sections: hosts, ports, and which keys are secrets or paths."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
)

#: A host name: labels of 1-63 characters, 253 in all.
HOST = re.compile(r"(?=.{1,253}\Z)(?!.*\.\.)(?!.*[^.]{64})[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?")

Port = Annotated[int, Field(ge=1, le=65535)]
Secret = Annotated[str, Field(repr=False)]

#: Keys whose values are encrypted at rest and never shown, in any place.
SECRET_KEYS = frozenset(
    {"pwd", "admin_token", "token", "nfv_token", "rabbitmq_pass", "ssh_password", "key_passphrase"}
    | {"application_credential_secret"}
    | {"password", "passwd", "passphrase", "secret"}  # keys of sections that may have any field
)
_SECRET_WORDS = re.compile(
    r"(?:password|passwd|passphrase|secret|token|credentials?|(?:api|private|access)_?key)$",
    re.IGNORECASE,
)

#: Keys whose values are paths of files on the machines of the workers, with those in `_file`.
_PATH_KEYS = frozenset({"key", "known_hosts"})


def is_secret_key(key: str) -> bool:
    """True when values under this key are encrypted at rest and never shown."""
    return key.lower() in SECRET_KEYS or bool(_SECRET_WORDS.search(key))


def is_path_key(key: str) -> bool:
    """True when values under this key name files that a worker reads or writes."""
    return key in _PATH_KEYS or key.endswith("_file")


def check_host(value: str) -> str:
    """Return the value if it is an address or a host name. Raises ValueError."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        if not HOST.fullmatch(value):
            raise ValueError("expected an IPv4 or IPv6 address or a host name") from None
    return value


class Strict(BaseModel):
    """Base model: unknown keys are errors, numbers of YAML may replace text, `repr` shows no
    secrets.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
    )

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Yield what `repr` shows. Fields of the original's open sections may be secrets too."""
        return [
            (key, value) for key, value in super().__repr_args__() if not is_secret_key(str(key))
        ]


class Section(Strict):
    """One entry of `configuration`; `name` says which source it is for."""

    name: str

    @field_validator("host", check_fields=False)
    @classmethod
    def _host(cls, value: str) -> str:
        return check_host(value)
