"""`calipso intent`: what must hold of a cloud, checked against what scans found."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from calipso.analysis.intents import Checked, check, check_stored, pin, worst
from calipso.analysis.junit import junit
from calipso.cli import completing
from calipso.cli.output import (
    ColumnOption,
    Format,
    FormatOption,
    clean,
    plain,
    say,
    show_list,
    show_one,
)
from calipso.cli.selecting import (
    AtOption,
    EnvironmentName,
    EnvOption,
    HostOption,
    InventoryOption,
    ObjectTypeOption,
    known_environment,
    one_object,
    opened,
)
from calipso.errors import ConfigError
from calipso.model.intent import Intent, read_intents
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.config.intent_store import IntentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.people.audit_store import AuditStore, who

app = typer.Typer(help="What must hold: check, pin, add, list, remove.")

COLUMNS = ["verdict", "name", "kind", "sentence"]
LIST_COLUMNS = ["environment", "name", "kind", "verdict", "since", "by"]

FileWord = Annotated[
    Path, typer.Argument(metavar="FILE", help="YAML file with intents; `-`: standard input.")
]


@app.command(name="check")
def check_intents(
    environment: EnvironmentName,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            metavar="FILE",
            help="YAML file with intents; `-`: standard input. Default: the stored ones.",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--junit", metavar="FILE", help="Also write JUnit XML; `-` is stdout."),
    ] = None,
    at: AtOption = None,
    inventory: InventoryOption = None,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
) -> None:
    """Check what must hold. Nothing is asked of the cloud: the last scan answers.

    Exit code 0 all holds, 1 something does not, 2 something is degraded, 3 something is not known.

    Example: calipso intent check prod --file intents.yaml --junit report.xml
    """
    inv = opened(inventory, at)
    known_environment(inv, environment)
    if file is None and at is None:
        checked = check_stored(inv, environment)
    else:
        checked = check(inv, environment, _wanted(inv, environment, file))
    if not checked:
        raise ConfigError(
            f"{environment} has no intents", hint=f"calipso intent add {environment} FILE"
        )
    _write_report(environment, checked, report)
    if report is None or str(report) != "-":
        _show(checked, output_format, column)
    verdict = worst(checked)
    held = sum(one.answer.verdict.value == "yes" for one in checked)
    say(f"{verdict.value}: {held} of {len(checked)} intents hold")
    raise typer.Exit(verdict.exit_code)


def _wanted(inv: InventoryMgr, environment: str, file: Path | None) -> list[Intent]:
    if file is not None:
        return read_intents(_text(file))
    return [Intent.model_validate(item["intent"]) for item in IntentStore().of([environment])]


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise ConfigError(f"{file}: {reason}", hint="Give a YAML file with intents.") from None


def _write_report(environment: str, checked: list[Checked], report: Path | None) -> None:
    if report is None:
        return
    text = junit(environment, checked)
    if str(report) == "-":
        typer.echo(text, nl=False)
        return
    try:
        report.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{report}: {error.strerror}", hint="Give a file to write.") from None


def _show(checked: list[Checked], output_format: Format, column: list[str] | None) -> None:
    rows = [
        {
            "name": one.intent.name,
            "kind": one.intent.kind.value,
            "verdict": one.answer.verdict.value,
            "sentence": one.answer.sentence,
            "code": one.answer.code,
        }
        for one in checked
    ]
    documents = [
        {"intent": one.intent.document(), "answer": plain(one.answer.model_dump())}
        for one in checked
    ]
    show_list(rows, COLUMNS, output_format, chosen=column, documents=documents, optional=["code"])


@app.command(name="pin")
def pin_objects(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="OBJECT",
            help="Ids or names of instances, networks, ...",
            autocompletion=completing.objects,
        ),
    ],
    environment: EnvOption = None,
    object_type: ObjectTypeOption = None,
    host: HostOption = None,
    at: AtOption = None,
    inventory: InventoryOption = None,
) -> None:
    """Write intents that hold of objects now, as YAML: a file to begin with.

    Example: calipso intent pin web-1 --env prod > intents.yaml
    """
    inv = opened(inventory, at)
    items = [one_object(inv, word, environment, object_type, host) for word in words]
    intents = [intent.document() for item in items for intent in pin(inv, item)]
    if not intents:
        raise ConfigError(
            "nothing is known of these objects to pin", hint="Name instances or networks."
        )
    show_one({"intents": intents}, Format.YAML)


@app.command()
def add(environment: EnvironmentName, file: FileWord) -> None:
    """Store intents, which are checked after each scan. One of the same name is replaced."""
    EnvironmentStore().get(environment)
    intents = read_intents(_text(file))
    IntentStore().put(environment, intents, who())
    names = [intent.name for intent in intents]
    AuditStore().add_command("intent add", environment, names, environment=environment)
    say(f"{len(intents)} intents of {clean(environment)} are stored")


@app.command(name="list")
def list_intents(
    environment: EnvOption = None,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
) -> None:
    """List the stored intents with the last answer to each."""
    names = [environment] if environment else EnvironmentStore().names()
    if environment:
        EnvironmentStore().get(environment)
    found = IntentStore().of(names)
    rows = [item | {"kind": item["intent"]["kind"]} | (item["result"] or {}) for item in found]
    columns = LIST_COLUMNS
    show_list(rows, columns, output_format, chosen=column, documents=found, optional=["sentence"])


@app.command()
def remove(
    environment: EnvironmentName,
    name: Annotated[str, typer.Argument(help="Name of the intent.")],
) -> None:
    """Remove a stored intent."""
    store = IntentStore()
    store.remove(store.get(environment, name))
    AuditStore().add_command("intent remove", name, environment=environment)
    say(f"intent {clean(name)} is removed")
