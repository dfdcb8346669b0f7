"""`calipso config show`: every setting with its value and its origin."""

from __future__ import annotations

import os
from typing import Any

import typer

from calipso.cli.output import ColumnOption, Format, FormatOption, SortOption, show_list
from calipso.settings import DEFAULT_MONGO_CONF, Settings, settings
from calipso.utils.masking import SHOWN, mask_url

app = typer.Typer(help="Settings in force: show.")

COLUMNS = ["setting", "value", "origin"]
PLAIN = {"mongo_url": "MONGO_URL", "redis_url": "REDIS_URL", "broker_url": "CELERY_BROKER_URL"}
FROM_FLAG = "CALIPSO_MONGO_CONFIG_USED"  # set by `-m`, see calipso.cli.main


@app.callback()
def config() -> None:
    """Settings in force."""


@app.command()
def show(
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
    sort_column: SortOption = None,
) -> None:
    """Show every setting with its value and its origin: default, environment or file.

    Passwords and tokens are masked. docs/settings.md explains each setting.
    """
    found = settings()
    rows = [_row(name, getattr(found, name)) for name in Settings.model_fields]
    show_list(rows, COLUMNS, output_format, chosen=column, sort_column=sort_column)


def _row(name: str, value: Any) -> dict[str, Any]:
    field = Settings.model_fields[name]
    if name.endswith("_url") and value:
        value = mask_url(str(value))
    elif not field.repr and value:
        value = SHOWN
    meaning = field.description
    return {"setting": name, "value": value, "origin": _origin(name), "meaning": meaning}


def _origin(name: str) -> str:
    variable = f"CALIPSO_{name.upper()}"
    if name == "mongo_url" and os.environ.get(FROM_FLAG):
        return os.environ[FROM_FLAG]
    if variable in os.environ:
        return variable
    if plain := PLAIN.get(name):
        if os.environ.get(plain):
            return plain
        if os.environ.get(f"{variable}_FILE"):
            return f"{variable}_FILE"
    if name == "mongo_url" and DEFAULT_MONGO_CONF.is_file():
        return str(DEFAULT_MONGO_CONF)
    return "default"
