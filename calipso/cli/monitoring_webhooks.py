"""`calipso monitoring webhook`: addresses that are told of changes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from calipso.cli import completing
from calipso.cli.output import ColumnOption, Format, FormatOption, say, show_list
from calipso.cli.selecting import EnvironmentName, EnvOption
from calipso.errors import ConfigError, NotFound
from calipso.model.documents import Document
from calipso.model.monitoring import Value
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.monitoring.alert_store import AlertStore
from calipso.stores.monitoring.notices import STATUS, TOPICS
from calipso.stores.people.audit_store import AuditStore

webhooks = typer.Typer(help="Webhooks: who is told of changes.")

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
URL = re.compile(r"https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[!-~]{0,1500})?")
LABELS = {value.label: value for value in Value if value}
COLUMNS = [
    *("environment", "name", "address", "signed", "at_least", "topics", "types"),
    *("waiting", "dropped", "last_sent", "last_problem"),
]

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the webhook.")]


@webhooks.command(name="list")
def list_webhooks(
    environment: EnvOption = None,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
) -> None:
    """List webhooks, what waits for them, and why the last attempt failed."""
    store = AlertStore()
    found = store.webhooks({"environment": environment} if environment else {})
    rows = [_row(store, item) for item in found]
    show_list(rows, COLUMNS, output_format, chosen=column)


def _row(store: AlertStore, stored: Document) -> Document:
    from monitoring.runner.alerts import place

    opened = store.opened(stored["_id"]) or {}
    return {
        **{name: stored.get(name) for name in ("environment", "name", "last_sent")},
        "address": place(str(opened.get("url_secret", ""))),
        "signed": bool(opened.get("secret")),
        "at_least": Value(stored["at_least"]).label,
        "topics": stored.get("topics") or [STATUS],
        "types": stored.get("types") or [],
        "waiting": store.waiting(stored),
        "dropped": stored.get("dropped", 0),
        "last_problem": stored.get("last_problem", ""),
    }


@webhooks.command()
def add(
    environment: EnvironmentName,
    name: NameArgument,
    url_file: Annotated[
        Path, typer.Option("--url-file", help="File with the address, which may be a secret.")
    ],
    secret_file: Annotated[
        Path | None, typer.Option("--secret-file", help="File with the secret that signs alerts.")
    ] = None,
    at_least: Annotated[
        str, typer.Option("--at-least", help="Unknown, Warning or Error: this or worse.")
    ] = "Warning",
    topic: Annotated[
        list[str] | None, typer.Option("--topic", help="status (default) or drift; repeatable.")
    ] = None,
    object_type: Annotated[
        list[str] | None,
        typer.Option(
            "--type", help="Only of this type; repeatable.", autocompletion=completing.types
        ),
    ] = None,
) -> None:
    """Send alerts of an environment to an address from now on.

    Example: calipso monitoring webhook add prod chat --url-file chat.url --topic status
    """
    EnvironmentStore().get(environment)
    url, secret = _read(url_file), _read(secret_file) if secret_file else ""
    topics = topic or [STATUS]
    for good, message, hint in (
        (NAME.fullmatch(name), f"name {name}", "letters, digits, and . _ - after the first"),
        (URL.fullmatch(url), f"{url_file}", "one line, https://HOST[:PORT]/PATH"),
        (at_least in LABELS, f"--at-least {at_least}", ", ".join(LABELS)),
        (set(topics) <= set(TOPICS), f"--topic {' '.join(topics)}", ", ".join(TOPICS)),
        (len(secret) <= 200, f"{secret_file}", "at most 200 characters"),
    ):
        if not good:
            raise ConfigError(f"{message} is not valid", hint=f"Expected: {hint}.")
    store = AlertStore()
    store.ensure_webhook_indexes()
    fields = {"at_least": int(LABELS[at_least]), "topics": topics, "types": object_type or []}
    where = {"environment": environment, "name": name}
    store.add(where | {"url_secret": url, "secret": secret} | fields)
    AuditStore().add_command("monitoring webhook add", name, environment=environment)
    say(f"{environment}: alerts go to {name}; `calipso monitoring webhook test` tries it")


@webhooks.command()
def test(environment: EnvironmentName, name: NameArgument) -> None:
    """Have the workers send an alert that is a test."""
    store = AlertStore()
    store.test(_one(store, environment, name))
    say(
        f"{name}: the test is sent within a few seconds; `monitoring webhook list` says how it went"
    )


@webhooks.command()
def remove(environment: EnvironmentName, name: NameArgument) -> None:
    """Send no more alerts there; those that wait are dropped."""
    AlertStore().remove(environment, name)
    AuditStore().add_command("monitoring webhook remove", name, environment=environment)
    say(f"{environment}: webhook {name} is removed")


def _one(store: AlertStore, environment: str, name: str) -> Document:
    found = store.webhooks({"environment": environment, "name": name})
    if not found:
        raise NotFound(f"{environment}: no webhook {name}", hint="calipso monitoring webhook list")
    return found[0]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise ConfigError(f"{path} cannot be read: {said}") from None
