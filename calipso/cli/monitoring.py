"""`calipso monitoring`: what is not good, who works on it, and checks on demand."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Annotated

import typer
from bson import ObjectId

from calipso.cli import completing
from calipso.cli.monitoring_in import add_in
from calipso.cli.monitoring_setup import add_setup
from calipso.cli.monitoring_webhooks import webhooks
from calipso.cli.output import (
    ColumnOption,
    Format,
    FormatOption,
    LimitOption,
    SortOption,
    iso,
    say,
    show_list,
    show_one,
)
from calipso.cli.search import spoken
from calipso.cli.selecting import (
    EnvironmentName,
    EnvOption,
    HostOption,
    ObjectTypeOption,
    ObjectWord,
    one_object,
    query,
)
from calipso.errors import ConfigError, NotFound, NoWorker
from calipso.model.documents import Document
from calipso.model.monitoring import Value
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.monitoring.round_store import RoundStore
from calipso.stores.monitoring.silence_store import SilenceStore
from calipso.stores.monitoring.status_store import TROUBLES
from calipso.stores.monitoring.summary import by_host, by_project, summary
from calipso.stores.people.audit_store import AuditStore, who
from calipso.utils.clock import now

app = typer.Typer(help="Statuses: list, show, ack, silence, run; set up other systems.")
add_in(app)
add_setup(app)
app.add_typer(webhooks, name="webhook")

COLUMNS = ["label", "kind", "type", "name", "host", "text", "for"]
#: Seconds to wait for a round that was asked for.
WAIT = 90.0
WhyOption = Annotated[str, typer.Option("--why", help="Why; a ticket, for example.")]
LinkOption = Annotated[
    bool, typer.Option("--link", help="OBJECT is the key of a link (`link list -c _id`).")
]


@app.command(name="list")
def list_statuses(
    environment: EnvOption = None,
    host: HostOption = None,
    object_type: ObjectTypeOption = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Only these: object, link or clique.")
    ] = None,
    limit: LimitOption = 100,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
    sort_column: SortOption = None,
) -> None:
    """List what is not OK, the worst first.

    Example: calipso monitoring list --env prod --kind object
    """
    if kind not in (None, "object", "link", "clique"):
        raise ConfigError(f"no kind {kind}", hint="There are: object, link, clique.")
    wanted = query(environment=environment, host=host, type=object_type, kind=kind)
    if environment:
        EnvironmentStore().get(environment)
    found = list(InventoryMgr().db[TROUBLES].find(wanted))
    found.sort(key=lambda item: (-Value(item["value"]).badness, item["since"], str(item["_id"])))
    shown = found[:limit] if limit else found
    columns = COLUMNS if environment else ["environment", *COLUMNS]
    rows = [_row(item) for item in shown]
    show_list(rows, columns, output_format, chosen=column, sort_column=sort_column, documents=shown)
    if len(found) > len(shown):
        say(f"{len(found) - len(shown)} more: --limit 0 shows all")


def _row(item: Document) -> Document:
    """One line: how long, and whether somebody knows of it."""
    moment = now()
    label = item["label"]
    if item.get("silenced_until") and item["silenced_until"] > moment:
        label += " (silenced)"
    elif item.get("acknowledged"):
        label += " (acknowledged)"
    label += " (flapping)" if item.get("flapping") else ""
    first = str(item["text"]).partition("\n")[0]
    return item | {"label": label, "text": first, "for": spoken(moment - item["since"])}


@app.command()
def show(
    word: Annotated[str, ObjectWord],
    environment: EnvOption = None,
    object_type: ObjectTypeOption = None,
    host: HostOption = None,
    link: LinkOption = False,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
) -> None:
    """Show the status of one object or link: since when, who says so, when it was checked."""
    inv = InventoryMgr()
    _, item = _item(inv, word, environment, object_type, host, link)
    status = item.get("monitoring")
    if not status:
        raise NotFound(
            f"{word}: nobody has checked it yet",
            hint="calipso env set ENV enable_monitoring=true; or `monitoring handle`.",
        )
    checked = RoundStore().get(item["environment"], str(item.get("host") or "")) or {}
    about = {"object": item.get("id") or f"{item['source_id']} -> {item['target_id']}"}
    more = {"host_checked": checked.get("at")}
    hidden = ("rev", "derived")
    kept = {name: value for name, value in status.items() if name not in hidden}
    show_one(about | kept | more, output_format, chosen=column)


def _item(
    inv: InventoryMgr,
    word: str,
    environment: str | None,
    object_type: str | None,
    host: str | None,
    link: bool,
) -> tuple[str, Document]:
    if not link:
        return "inventory", one_object(inv, word, environment, object_type, host)
    found = inv.find_all("links", {"_id": ObjectId(word) if ObjectId.is_valid(word) else None})
    if not found:
        raise NotFound(f"no link {word}", hint="calipso link list -c _id -c source -c target")
    return "links", found[0]


@app.command()
def hosts(
    environment: EnvironmentName,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
) -> None:
    """Show when each host was checked, and how many of its objects and links are not OK."""
    EnvironmentStore().get(environment)
    rows = by_host(InventoryMgr(), environment)
    columns = ["host", "checked", "seconds", "OK", "Warning", "Error", "Unknown", "problem"]
    show_list(rows, columns, output_format, chosen=column)


@app.command()
def projects(
    environment: EnvironmentName,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
) -> None:
    """Show of each project how many instances, networks and services have which status."""
    EnvironmentStore().get(environment)
    rows = by_project(InventoryMgr(), environment)
    columns = ["project", "OK", "Warning", "Error", "Unknown", "not_checked"]
    show_list(rows, columns, output_format, chosen=column)


@app.command(name="summary")
def show_summary(environment: EnvironmentName, output_format: FormatOption = Format.TABLE) -> None:
    """Show counts of an environment: what is not OK, hosts that are checked."""
    found = EnvironmentStore().get(environment)
    counts = summary(InventoryMgr(), environment, found.monitoring_interval)
    show_one({"enabled": found.enable_monitoring} | counts, output_format)


@app.command()
def ack(
    word: Annotated[str, ObjectWord],
    why: WhyOption = "",
    hours: Annotated[
        float | None, typer.Option("--hours", min=0.01, help="Until then; default: until it is OK.")
    ] = None,
    take_back: Annotated[bool, typer.Option("--take-back", help="Take it back.")] = False,
    environment: EnvOption = None,
    object_type: ObjectTypeOption = None,
    host: HostOption = None,
    link: LinkOption = False,
) -> None:
    """Say that somebody knows of a status and works on it."""
    inv = InventoryMgr()
    name, item = _item(inv, word, environment, object_type, host, link)
    until = None if hours is None else now() + timedelta(hours=hours)
    fields = {"who": who(), "why": why, "at": now(), "until": until}
    if not SilenceStore(inv).acknowledge(item, name, None if take_back else fields):
        label = (item.get("monitoring") or {}).get("label", "not checked")
        raise ConfigError(f"{word}: nothing to acknowledge, it is {label}")
    AuditStore().add_command("monitoring ack", str(item["_id"]), ("why", "until"), environment=name)
    say(f"{word}: {'not acknowledged any more' if take_back else 'acknowledged'}")


@app.command()
def silence(
    word: Annotated[str, ObjectWord],
    hours: Annotated[float, typer.Option("--hours", min=0.01, help="For how long.")] = 2.0,
    why: WhyOption = "",
    only: Annotated[
        bool, typer.Option("--only", help="Not what is below it, or on the host.")
    ] = False,
    end: Annotated[bool, typer.Option("--end", help="End its silences now.")] = False,
    environment: EnvOption = None,
    object_type: ObjectTypeOption = None,
    host: HostOption = None,
) -> None:
    """Silence an object and what is below it: no messages, no alerts, and it does not count."""
    inv = InventoryMgr()
    item = one_object(inv, word, environment, object_type, host)
    store, where = SilenceStore(inv), str(item["environment"])
    AuditStore().add_command("monitoring silence", str(item["id"]), ("until",), environment=where)
    if end:
        mine = [one for one in store.active(item["environment"]) if one["target"] == item["_id"]]
        for one in mine:
            store.remove(one["_id"], {})
        say(f"{word}: {len(mine)} silences ended")
        return
    until = now() + timedelta(hours=hours)
    store.add(item, below=not only, until=until, who=who(), why=why)
    say(f"{word}: silent until {iso(until)}")


@app.command()
def run(
    host: Annotated[
        str, typer.Argument(metavar="HOST", help="Id of the host.", autocompletion=completing.hosts)
    ],
    environment: EnvOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Check a host now, by the workers, and show what is not OK on it."""
    inv = InventoryMgr()
    name = environment or str(one_object(inv, host, None, "host")["environment"])
    store, began = RoundStore(inv.db), now()
    if not store.soon(name, host, began):
        hint = f"calipso env set {name} enable_monitoring=true, and scan it."
        raise NotFound(f"{name}: host {host} is not monitored", hint=hint)
    end = time.monotonic() + WAIT
    while True:
        found = store.get(name, host) or {}
        if found.get("started") and found["started"] >= began:
            break
        if time.monotonic() > end:
            raise NoWorker(f"{host}: nobody has checked it in {WAIT:.0f} s", hint="calipso status")
        time.sleep(0.5)
    if found.get("failures"):
        say(f"{host}: {found.get('problem')}", always=True)
    rows = [_row(one) for one in inv.db[TROUBLES].find({"environment": name, "host": host})]
    show_list(rows, COLUMNS, output_format)
    say(f"{host}: checked in {found.get('seconds', 0)} s, {len(rows)} not OK")
