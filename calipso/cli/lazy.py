"""A command group that imports the module of a command only when the command is run.

`calipso --help` and completion read the table below and import no other module.
"""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from calipso.cli.output import OPTIONS

#: command -> (module, name of its Typer app or function, what `calipso --help` says of it)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "up": ("calipso.cli.stack.commands", "up", "Start the stores, workers, beat and the API."),
    "down": ("calipso.cli.stack.commands", "down", "Stop what `up` started."),
    "status": ("calipso.cli.stack.commands", "status", "Show what runs on this machine."),
    "demo": ("calipso.cli.demo", "demo", "Scan a sample cloud, and leave all running."),
    "api": ("calipso.cli.api", "api", "Serve the REST API in the foreground."),
    "worker": ("calipso.cli.worker", "worker", "Run one worker in the foreground."),
    "beat": ("calipso.cli.worker", "beat", "Run beat in the foreground: it starts timed work."),
    "check": ("calipso.cli.check", "check", "Check stores, workers and each environment."),
    "env": ("calipso.cli.env", "app", "Clouds: add, list, show, set, test, record, remove."),
    "scan": ("calipso.cli.scan", "app", "Scans: run, list, show, log, cancel."),
    "schedule": (
        "calipso.cli.schedule",
        "app",
        "Scans that start by themselves: add, list, show, remove.",
    ),
    "events": ("calipso.cli.events", "app", "Events of clouds: status, list, show, dead, retry."),
    "inventory": ("calipso.cli.inventory", "app", "Objects that scans found: list, show, tree."),
    "link": ("calipso.cli.link", "app", "Links between objects: list."),
    "clique": ("calipso.cli.clique", "app", "What an object depends on: list, show."),
    "search": ("calipso.cli.search", "search", "Find objects by any part of what they are."),
    "changes": ("calipso.cli.changes", "changes", "What scans found added, changed, removed."),
    "path": (
        "calipso.cli.path",
        "path",
        "Do packets get from A to B and back: hop by hop, with the first that is broken.",
    ),
    "why": (
        "calipso.cli.why",
        "why",
        "Why an instance has no address, no metadata, no way out, or is not reached.",
    ),
    "diff": ("calipso.cli.diff", "diff", "What differs between two scans or times."),
    "graph": ("calipso.cli.graph", "graph", "What is near an object: text, DOT, SVG, ..."),
    "dependents": (
        "calipso.cli.dependents",
        "dependents",
        "Who needs an object: instances, vservices, networks.",
    ),
    "monitoring": (
        "calipso.cli.monitoring",
        "app",
        "Statuses: list, show, ack, silence, run; set up other systems.",
    ),
    "impact": ("calipso.cli.impact", "impact", "What is lost when something fails."),
    "spof": ("calipso.cli.impact", "spof", "Every single point of failure."),
    "intent": ("calipso.cli.intent", "app", "What must hold: check, pin, add, list, remove."),
    "drift": ("calipso.cli.drift", "drift", "Where API, database and hosts differ."),
    "mute": ("calipso.cli.mute", "app", "Findings to hear nothing of: add, list, remove."),
    "mcp": ("calipso.cli.mcp", "mcp", "Read-only tools over the Model Context Protocol."),
    "db": ("calipso.cli.db", "app", "Schema of the database: status, upgrade."),
    "user": ("calipso.cli.user", "app", "Users of the API: add, list, passwd, token, remove."),
    "config": ("calipso.cli.config", "app", "Settings in force: show."),
}


class LazyGroup(TyperGroup):
    """The top level of the command line."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, (_, _, text) in COMMANDS.items():
            self.commands[name] = TyperCommand(name=name, callback=None, help=text)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command to run. This imports its module."""
        name, command, rest = super().resolve_command(ctx, args)
        if name in COMMANDS:
            command = load(name)
        return name, command, rest

    def invoke(self, ctx: Any) -> None:
        """Run the command. What its function returns is no exit code; `typer.Exit` has one."""
        super().invoke(ctx)


def load(name: str) -> Any:
    """The real command of a name."""
    module, attribute, _ = COMMANDS[name]
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        app = found
        app.rich_markup_mode = None
        app.info.no_args_is_help = True
    else:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command()(found)
    app._add_completion = False
    command = typer.main.get_command(app)
    command.name = name
    _offer_wide(command)
    return command


def _offer_wide(command: Any) -> None:
    """`--wide` for each command that has columns: declared once, here."""
    for part in getattr(command, "commands", {}).values():
        _offer_wide(part)
    if any(param.name == "column" for param in command.params):
        command.params.append(_wide_option())


def _keep_wide(wanted: bool) -> bool:
    OPTIONS.wide = wanted
    return wanted


WideOption = Annotated[
    bool,
    typer.Option(
        "--wide",
        callback=_keep_wide,
        expose_value=False,
        help="Show all columns of a table, however wide it is.",
    ),
]


def _holder(wide: WideOption = False) -> None:
    """Typer makes options of functions only."""


def _wide_option() -> Any:
    app = typer.Typer(add_completion=False)
    app.command()(_holder)
    return typer.main.get_command(app).params[0]
