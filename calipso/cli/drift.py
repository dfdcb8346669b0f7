"""`calipso drift`: where API, database and hosts say different things."""

from __future__ import annotations

from typing import Annotated

import typer

from calipso.analysis.drift import judge
from calipso.analysis.drift_answer import Wanted, drift_answer, found
from calipso.analysis.drift_rules import described, load_drift_rules
from calipso.cli.moments import moment
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
from calipso.model.answer import Answer
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore
from calipso.topology.drift.drift_rule import DriftSeverity

COLUMNS = ["severity", "rule", "type", "name", "host", "since", "sentence"]
RULE_COLUMNS = ["rule", "severity", "sentence"]

RuleOption = Annotated[
    list[str] | None,
    typer.Option(
        "--rule", metavar="RULE", help="Only of this rule. It may be given several times."
    ),
]


def drift(
    environment: EnvOption = None,
    rule: RuleOption = None,
    severity: Annotated[
        DriftSeverity | None,
        typer.Option("--severity", help="Only findings as bad as this, or worse."),
    ] = None,
    of_object: Annotated[
        str | None,
        object_option("--object", "Only about this object."),
    ] = None,
    object_type: ObjectTypeOption = None,
    host: HostOption = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help="Only what began since then: `2h`, `3d`."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="Findings that were open at that time."),
    ] = None,
    muted: Annotated[bool, typer.Option("--muted", help="Show muted findings, too.")] = False,
    run: Annotated[
        bool, typer.Option("--run", help="Apply the rules now, to what the last scan stored.")
    ] = False,
    rules: Annotated[bool, typer.Option("--rules", help="List the rules instead.")] = False,
    inventory: InventoryOption = None,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
) -> None:
    """Show where API, database and hosts say different things, the worst first.

    The rules are applied after each scan. Exit code: 0 nothing found, 1 something critical or
    major, 2 only something minor, 3 not everything was judged. Muted findings do not count.

    Example: calipso drift --env prod --severity major
    """
    known = load_drift_rules()
    if rules:
        show_list(described(known), RULE_COLUMNS, output_format, chosen=column)
        return
    for name in rule or ():
        if name not in known:
            raise unknown("drift rule", name, known)
    inv = InventoryMgr(inventory)
    names = [known_environment(inv, environment)] if environment else environments(inv)
    if run:
        for name in names:
            _judge(inv, name)
    equal = {"host": host} if host else {}
    if of_object is not None:
        item = one_object(inv, of_object, environment, object_type, host)
        names, equal = [str(item["environment"])], {"type": item["type"], "id": item["id"]}
    elif object_type is not None:
        equal["type"] = object_type
    wanted = Wanted(
        rules=rule or (),
        severity=severity.value if severity else "",
        since=moment(since, "--since") if since else None,
        equal=equal,
        at=moment(at, "--at") if at else None,
    )
    answer = drift_answer(inv, names, found(inv, names, wanted), wanted.at)
    show_answer(answer, output_format, column, muted=muted, several=len(names) > 1)
    raise typer.Exit(answer.verdict.exit_code)


def _judge(inv: InventoryMgr, environment: str) -> None:
    running = ScanStore().find_scans({"environment": environment, "status": "running"}, limit=1)
    if running:
        raise ConfigError(
            f"{environment} is being scanned: half of the inventory is new",
            hint="The rules are applied at the end of the scan: calipso scan list",
        )
    judged = judge(inv, environment)
    say(
        f"{clean(environment)}: {judged.found} findings, {len(judged.new)} new, "
        f"{len(judged.cleared)} cleared, in {judged.seconds:.1f} s"
    )


def show_answer(
    answer: Answer,
    output_format: Format,
    column: list[str] | None,
    *,
    muted: bool = True,
    several: bool = False,
) -> None:
    """Write an answer with findings: as a document, or its findings as rows and its verdict."""
    items = [item for item in answer.findings if muted or not item.get("muted")]
    if output_format in (Format.JSON, Format.YAML) and not column:
        document = answer.model_copy(update={"findings": items})
        show_one(plain(document.model_dump()), output_format)
        return
    columns = [*(["environment"] if several else []), *COLUMNS, *(["muted"] if muted else [])]
    rows = [item | {"muted": (item.get("muted") or {}).get("reason", "")} for item in items]
    show_list(rows, columns, output_format, chosen=column, optional=["remedy", "project", "id"])
    for line in answer.not_checked:
        say(f"not checked: {clean(line)}")
    say(f"{answer.verdict.value}: {clean(answer.sentence)}")
