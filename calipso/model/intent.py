"""Intents: what must hold of a cloud, as people write it in YAML."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from calipso.errors import ConfigError

MOST = 1000


class IntentKind(StrEnum):
    """What an intent is about."""

    REACH = "reach"
    NOT_REACH = "not_reach"
    REDUNDANT = "redundant"
    MTU = "mtu"
    SAME_TAG = "same_tag"
    PLUMBING = "plumbing"


#: What each kind needs, besides its name.
NEEDS: dict[IntentKind, tuple[str, ...]] = {
    IntentKind.REACH: ("start", "end"),
    IntentKind.NOT_REACH: ("start", "end"),
    IntentKind.REDUNDANT: ("object",),
    IntentKind.MTU: ("object", "least"),
    IntentKind.SAME_TAG: ("object",),
    IntentKind.PLUMBING: ("object", "ways"),
}


class Intent(BaseModel):
    """One intent."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    name: str = Field(min_length=1, max_length=200)
    kind: IntentKind
    #: Id or name of the object; its type, where names are not enough.
    object: str | None = Field(default=None, min_length=1, max_length=500)
    type: str | None = Field(default=None, min_length=1, max_length=100)
    #: For `reach` and `not_reach`: from where to where.
    start: str | None = Field(default=None, alias="from", min_length=1, max_length=500)
    end: str | None = Field(default=None, alias="to", min_length=1, max_length=500)
    proto: str | None = Field(default=None, pattern=r"^(tcp|udp|icmp)$")
    port: int | None = Field(default=None, ge=1, le=65535)
    #: For `mtu`: bytes.
    least: int | None = Field(default=None, ge=68, le=65535)
    #: For `plumbing`: network id -> types of the objects on the way, from the object on.
    ways: dict[str, list[str]] | None = Field(default=None, max_length=100)

    @model_validator(mode="after")
    def _whole(self) -> Intent:
        missing = [name for name in NEEDS[self.kind] if getattr(self, name) is None]
        if missing:
            words = {"start": "from", "end": "to"}
            told = ", ".join(words.get(name, name) for name in missing)
            raise ValueError(f"an intent of kind {self.kind.value} needs {told}")
        return self

    def document(self) -> dict[str, Any]:
        """The intent as YAML and the store have it."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def read_intents(text: str) -> list[Intent]:
    """Return the intents of a YAML text: a list, or a map with `intents`. Raises ConfigError."""
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"not valid YAML: {error}", hint="See docs/intents.md.") from None
    if isinstance(found, dict):
        found = found.get("intents")
    if not isinstance(found, list) or len(found) > MOST:
        raise ConfigError(
            f"expected a list of at most {MOST} intents", hint="See docs/intents.md for the form."
        )
    intents: list[Intent] = []
    for number, item in enumerate(found):
        try:
            intents.append(Intent.model_validate(item))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise ConfigError(
                f"intent {number + 1}: {where + ': ' if where else ''}{first['msg']}",
                hint="See docs/intents.md for the form.",
            ) from None
    names = [intent.name for intent in intents]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise ConfigError(f"two intents are called {double[0]}", hint="Give each its own name.")
    return intents
