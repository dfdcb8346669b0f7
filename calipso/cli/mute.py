"""`calipso mute`: findings of drift that nobody wants to hear of for a while."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from calipso.analysis.drift_rules import load_drift_rules
from calipso.cli.moments import moment
from calipso.cli.output import ColumnOption, Format, FormatOption, clean, say, show_list
from calipso.cli.search import environments
from calipso.cli.selecting import (
    EnvOption,
    HostOption,
    InventoryOption,
    ObjectTypeOption,
    known_environment,
    object_option,
    one_object,
    unknown,
)
from calipso.errors import ConfigError
from calipso.stores.config.mute_store import MuteStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.people.audit_store import AuditStore, who

app = typer.Typer(help="Findings to hear nothing of: add, list, remove.")

COLUMNS = ["_id", "environment", "rule", "type", "id", "host", "reason", "until", "by"]


@app.command()
def add(
    environment: EnvOption = None,
    rule: Annotated[str | None, typer.Option("--rule", help="Findings of this rule.")] = None,
    of_object: Annotated[
        str | None,
        object_option("--object", "Findings of this object."),
    ] = None,
    object_type: ObjectTypeOption = None,
    host: HostOption = None,
    reason: Annotated[str, typer.Option("--reason", help="Why. Everybody sees it.")] = "",
    until: Annotated[
        str, typer.Option("--until", metavar="WHEN", help="The end: `7d` from now, or a time.")
    ] = "7d",
    inventory: InventoryOption = None,
) -> None:
    """Mute findings of a rule, of an object, or of a host, until a time. A mute has a reason.

    Example: calipso mute add --env prod --rule mtu_below_network --reason CHG-17 --until 3d
    """
    inv = InventoryMgr(inventory)
    named: dict[str, Any] = {"rule": rule, "host": host}
    if rule is not None and rule not in load_drift_rules():
        raise unknown("drift rule", rule, load_drift_rules())
    if of_object is not None:
        item = one_object(inv, of_object, environment, object_type, host)
        environment = str(item["environment"])
        named |= {"type": item["type"], "id": item["id"], "host": None}
    if environment is None:
        raise ConfigError("a mute is of one environment", hint="Give it: --env NAME")
    known_environment(inv, environment)
    end = moment(until, "--until", ahead=True)
    made = MuteStore().add(environment, named, reason, end, who())
    AuditStore().add_command("mute add", str(made["_id"]), ["until"], environment=environment)
    say(f"mute {made['_id']} is stored")


@app.command(name="list")
def list_mutes(
    environment: EnvOption = None,
    inventory: InventoryOption = None,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
) -> None:
    """List the mutes that are in force."""
    inv = InventoryMgr(inventory)
    names = [known_environment(inv, environment)] if environment else environments(inv)
    show_list(MuteStore().of(names), COLUMNS, output_format, chosen=column, optional=["created"])


@app.command()
def remove(key: Annotated[str, typer.Argument(metavar="MUTE", help="Id of the mute.")]) -> None:
    """End a mute now."""
    store = MuteStore()
    mute = store.get(key)
    store.remove(key)
    AuditStore().add_command("mute remove", key, environment=str(mute["environment"]))
    say(f"mute {clean(key)} is removed")
