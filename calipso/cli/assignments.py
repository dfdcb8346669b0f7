"""`FIELD=VALUE` and `SECTION.FIELD=VALUE` of an environment, as options and arguments give them."""

from __future__ import annotations

from dataclasses import dataclass

from calipso.errors import ConfigError
from calipso.model.environment import SECTIONS, is_secret_key
from calipso.utils.metadata_parser import nearest


@dataclass(frozen=True)
class Assignment:
    """A value for a field of a section, or of the environment itself: `section` is then empty."""

    section: str
    field: str
    value: str

    @property
    def path(self) -> str:
        """As it was written before `=`."""
        return f"{self.section}.{self.field}" if self.section else self.field


def parse_assignment(text: str, option: str = "") -> Assignment:
    """What `text` assigns. Raises ConfigError, which names `option`: also for a password."""
    path, equals, value = text.partition("=")
    section, dot, key = path.strip().rpartition(".")
    where = f"{option} {path.strip()}".strip()
    if not equals or not key:
        raise ConfigError(
            f"{where}: expected FIELD=VALUE or SECTION.FIELD=VALUE",
            hint="calipso env show NAME shows the fields.",
        )
    if is_secret_key(key):
        raise ConfigError(
            f"{where}: a password must not be an argument, because others can see it",
            hint="Give the file with it: --api-password-file, --db-password-file or "
            "--ssh-password-file.",
        )
    if dot and section not in SECTIONS:
        near = nearest(section, SECTIONS)
        hint = f"There are: {', '.join(SECTIONS)}."
        raise ConfigError(f"{where}: no section {section}{near}", hint=hint)
    return Assignment(section, key, value)
