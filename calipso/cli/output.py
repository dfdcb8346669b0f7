"""Output of results: tables for people, JSON, YAML, CSV and values for programs.

Data goes to standard output, everything else to standard error. Data of a cloud is not trusted:
control characters are shown, not sent to the terminal.
"""

from __future__ import annotations

import csv
import difflib
import json
import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import Annotated, Any, TextIO

import typer

from calipso.errors import ConfigError

Row = Mapping[str, Any]

#: Controls, marks of writing direction, characters without width, and halves of characters.
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    r"\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


class Format(StrEnum):
    """Output formats of every command that shows data."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"
    VALUE = "value"


FormatOption = Annotated[
    Format, typer.Option("-f", "--format", help="How to show the result.", show_default=True)
]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        "-c",
        "--column",
        metavar="COLUMN",
        help="Show only this column. It may be given several times.",
    ),
]
SortOption = Annotated[
    str | None,
    typer.Option(
        "--sort-column", metavar="COLUMN", help="Sort by this column; `-COLUMN` for descending."
    ),
]
LimitOption = Annotated[
    int, typer.Option("--limit", metavar="N", min=0, help="Maximum number of rows; 0: all.")
]
MarkerOption = Annotated[
    str | None,
    typer.Option(
        "--marker", metavar="LAST", help="Start after this row: the last one of the previous page."
    ),
]


@dataclass
class Options:
    """The global options `-q` and `--debug` of this run, and `--wide` of a list."""

    quiet: bool = False
    debug: bool = False
    wide: bool = False


OPTIONS = Options()

#: Characters of a line that fits any terminal.
NARROW = 40


def say(text: str, *, always: bool = False) -> None:
    """Write a line for people to standard error; with `-q` only if `always` is set."""
    if always or not OPTIONS.quiet:
        typer.echo(_fitted(text, sys.stderr), err=True)


def tell(text: str) -> None:
    """Write lines for people to standard output; a terminal gets them broken between words."""
    typer.echo(_fitted(text, sys.stdout))


def _fitted(text: str, stream: TextIO) -> str:
    """Return lines that fit the terminal behind `stream`; for a pipe they are as they are."""
    if len(text) < NARROW or not stream.isatty():
        return text
    from calipso.cli import tables

    width = tables.width_of(stream)
    if not width:
        return text
    return "\n".join(part for line in text.split("\n") for part in tables.prose(line, width))


_LATER: list[str] = []


def say_later(text: str) -> None:
    """Note a line for people, which follows the next list."""
    _LATER.append(text)


def clean(text: str, keep: str = "") -> str:
    """Return text with visible control characters, so that data of a cloud cannot control the
    terminal.
    """
    return _CONTROL.sub(lambda found: found[0] if found[0] in keep else _visible(found[0]), text)


def _visible(character: str) -> str:
    number = ord(character)
    if number > 0xFFFF:
        return f"\\U{number:08x}"
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"


def plain(value: Any) -> Any:
    """Return a value for JSON and YAML: ids as text, times in UTC as ISO 8601."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(plain(item) for item in value)
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return str(value)


def iso(moment: datetime) -> str:
    """`2026-01-31T08:15:00Z`."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def cell(value: Any) -> str:
    """Return a value as one cell of a table, a CSV file or a list of values."""
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return clean(", ".join(cell(item) for item in value))
    if isinstance(value, dict | list):
        return clean(json.dumps(value, ensure_ascii=False))
    return clean(str(value))


def show_list(
    rows: Iterable[Row],
    columns: Sequence[str],
    output_format: Format = Format.TABLE,
    *,
    chosen: Sequence[str] | None = None,
    sort_column: str | None = None,
    documents: Iterable[Row] | None = None,
    optional: Collection[str] = (),
) -> None:
    """Write rows to standard output. It shows `columns` unless `-c` chose others.

    JSON and YAML without `-c` show the whole `documents` of the rows. `optional` are columns that
    `-c` may choose even if no row has them.
    """
    more_pages = bool(_LATER)  # a note of the page; the table may add notes of its own
    structured = output_format in (Format.JSON, Format.YAML)
    whole = documents is not None and structured and not chosen
    rows = list(documents if documents is not None and whole else rows)
    columns = _chosen(rows, columns, chosen, optional)
    if sort_column:
        key = sort_column.removeprefix("-")
        _known(key, _all_columns(rows, [*columns, *optional]))
        rows.sort(key=_sort_key(key), reverse=sort_column.startswith("-"))
    if structured:
        shown = rows if whole else [{name: row.get(name) for name in columns} for row in rows]
        _dump([plain(row) for row in shown], output_format)
    else:
        cells = [[cell(row.get(name)) for name in columns] for row in rows]
        if output_format is Format.TABLE:
            _list_table(cells, columns, all_columns=bool(chosen) or OPTIONS.wide)
        else:
            _write(cells, columns, output_format)
    if more_pages and sort_column:
        say("only this page is sorted; --limit 0 sorts all")
    while _LATER:
        say(_LATER.pop(0))


def show_one(
    row: Row, output_format: Format = Format.TABLE, *, chosen: Sequence[str] | None = None
) -> None:
    """Write one object to standard output: a line per field, or one document."""
    columns = _chosen([row], list(row), chosen)
    fields = {name: row.get(name) for name in columns}
    if output_format in (Format.JSON, Format.YAML):
        _dump(plain(fields), output_format)
    elif output_format is Format.TABLE:
        pairs = [[name, _long_cell(value)] for name, value in fields.items()]
        _write(pairs, ["field", "value"], output_format)
    elif output_format is Format.CSV:
        _write([[cell(value) for value in fields.values()]], columns, output_format)
    else:
        _write([[cell(value)] for value in fields.values()], ["value"], output_format)


def _long_cell(value: Any) -> str:
    """Return a value for the right side of a `show` table: nested data as YAML, one line
    per key.
    """
    value = plain(value)
    if isinstance(value, dict | list) and value and cell(value).startswith(("{", "[")):
        import yaml

        text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=False)
        return clean(text.rstrip(), keep="\n")
    return cell(value)


def _all_columns(rows: Iterable[Row], columns: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*columns, *(name for row in rows for name in row)]))


def _chosen(
    rows: Sequence[Row],
    columns: Sequence[str],
    chosen: Sequence[str] | None,
    optional: Collection[str] = (),
) -> Sequence[str]:
    if not chosen:
        return columns
    known = _all_columns(rows, [*columns, *optional])
    for name in chosen if rows else ():
        _known(name, known)
    return chosen


def _known(name: str, known: Sequence[str]) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}."
        raise ConfigError(f"no column {name}", hint=hint)


def _sort_key(name: str) -> Callable[[Row], tuple[bool, int, Any]]:
    """Return a sort key: numbers by size, other values as text, missing values last."""

    def key(row: Row) -> tuple[bool, int, Any]:
        value = row.get(name)
        if isinstance(value, bool | int | float):
            return False, 0, value
        return value is None, 1, cell(value)

    return key


def _dump(value: Any, output_format: Format) -> None:
    if output_format is Format.JSON:
        text = json.dumps(value, indent=2, ensure_ascii=False)
        typer.echo(_CONTROL.sub(_json_escape, text))
        return
    import yaml

    form: dict[str, Any] = {"sort_keys": False, "default_flow_style": False}
    text = yaml.safe_dump(value, allow_unicode=True, **form).rstrip()
    if clean(text, keep="\n") != text:
        text = yaml.safe_dump(value, **form).rstrip()
    typer.echo(text)


def _json_escape(found: re.Match[str]) -> str:
    """Return an escape for a character that JSON keeps and a terminal may obey."""
    return found[0] if found[0] == "\n" else json.dumps(found[0])[1:-1]


def _write(rows: list[list[str]], headings: Sequence[str], output_format: Format) -> None:
    if output_format is Format.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(headings)
        writer.writerows(rows)
    elif output_format is Format.VALUE:
        for row in rows:
            typer.echo(" ".join(row))
    else:
        from calipso.cli import tables

        tables.write(rows, headings, tables.terminal_width())


def _list_table(rows: list[list[str]], headings: Sequence[str], *, all_columns: bool) -> None:
    """A list that fits the terminal: columns are left out, unless somebody chose them."""
    from calipso.cli import tables

    width = tables.terminal_width()
    if width and not OPTIONS.wide:
        rows = tables.short(rows)
    if width and not all_columns:
        kept, left_out = tables.fitting(rows, headings, width)
        rows = [[row[number] for number in kept] for row in rows]
        headings = [headings[number] for number in kept]
        if left_out:
            say_later(f"not shown, too narrow: {', '.join(left_out)} (--wide, or -c COLUMN)")
    tables.write(rows, headings, None if OPTIONS.wide else width)
