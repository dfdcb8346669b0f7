"""Output formats: the same data for people and for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import yaml
from bson import ObjectId

from calipso.cli import tables
from calipso.cli.output import Format, cell, clean, plain, show_list, show_one
from calipso.cli.paging import cut
from calipso.errors import ConfigError

MOMENT = datetime(2026, 1, 31, 8, 15, tzinfo=UTC)
KEY = ObjectId("0123456789abcdef01234567")
ROWS = [
    {"name": "b", "seen": MOMENT, "_id": KEY, "up": True, "tags": ["x", "y"], "n": 10},
    {"name": "a", "seen": None, "_id": KEY, "up": False, "tags": [], "n": 9},
]
COLUMNS = ["name", "seen", "up", "tags"]


def test_json_has_the_columns_with_ids_as_text_and_times_in_utc(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_list(ROWS, [*COLUMNS, "_id"], Format.JSON)

    assert json.loads(capsys.readouterr().out)[0] == {
        "name": "b",
        "seen": "2026-01-31T08:15:00Z",
        "up": True,
        "tags": ["x", "y"],
        "_id": str(KEY),
    }


def test_yaml_says_the_same_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    show_list(ROWS, COLUMNS, Format.JSON)
    as_json = json.loads(capsys.readouterr().out)

    show_list(ROWS, COLUMNS, Format.YAML)

    as_yaml = yaml.safe_load(capsys.readouterr().out)
    assert as_yaml == as_json


def test_csv_can_be_read_back_also_with_commas_and_quotes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_list([{"name": 'a "b", c', "n": 1}], ["name", "n"], Format.CSV)

    assert list(csv.reader(io.StringIO(capsys.readouterr().out))) == [
        ["name", "n"],
        ['a "b", c', "1"],
    ]


def test_value_has_one_row_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_list(ROWS, COLUMNS, Format.VALUE, chosen=["name", "n"])

    assert capsys.readouterr().out == "b 10\na 9\n"


def test_a_table_in_a_pipe_is_not_cut_and_has_no_colours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    long = "x" * 300

    show_list([{"name": long}], ["name"])

    out = capsys.readouterr().out
    assert long in out.splitlines()
    assert "\x1b" not in out


def test_rows_sort_by_a_column_numbers_by_size_and_missing_ones_last(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [{"n": 10}, {"n": None}, {"n": 9}]

    show_list(rows, ["n"], Format.VALUE, sort_column="n")

    assert capsys.readouterr().out.split() == ["9", "10"]


def test_any_field_can_be_a_column_and_an_unknown_one_is_named_with_the_nearest() -> None:
    show_list(ROWS, COLUMNS, Format.VALUE, chosen=["n"])

    with pytest.raises(ConfigError, match="no column nmae") as caught:
        show_list(ROWS, COLUMNS, Format.VALUE, chosen=["nmae"])

    assert caught.value.hint == "Did you mean name?"


def test_control_characters_of_a_cloud_do_not_reach_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    evil = "\x1b[2Jweb\r\n\x9b31m\u202egnp"

    for output_format in (Format.TABLE, Format.VALUE, Format.CSV):
        show_list([{"name": evil}], ["name"], output_format)
        show_one({"name": evil, "more": {"k": evil}}, output_format)

    out = capsys.readouterr().out
    assert not set(out) & {"\x1b", "\r", "\x9b", "\u202e"}
    assert clean(evil) == "\\x1b[2Jweb\\x0d\\x0a\\x9b31m\\u202egnp"


@pytest.mark.parametrize(
    ("output_format", "read"), [(Format.JSON, json.loads), (Format.YAML, yaml.safe_load)]
)
def test_json_and_yaml_escape_what_a_terminal_would_obey(
    capsys: pytest.CaptureFixture[str], output_format: Format, read: Callable[[str], Any]
) -> None:
    evil = "\x1b[2J\x9b31m\u202egnp Zürich"

    show_list([{"name": evil}], ["name"], output_format)

    out = capsys.readouterr().out
    assert not set(out) & {"\x1b", "\x9b", "\u202e"}
    assert read(out) == [{"name": evil}]


def test_a_field_that_no_row_has_today_can_be_a_column(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"id": "a"}]

    show_list(rows, ["id"], Format.VALUE, chosen=["id", "stale_since"], optional=["stale_since"])

    assert capsys.readouterr().out == "a \n"


def test_markup_in_names_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    show_list([{"name": "[red]web[/red] :smile:"}], ["name"])

    assert "[red]web[/red] :smile:" in capsys.readouterr().out


def test_show_prints_nested_fields_readably(capsys: pytest.CaptureFixture[str]) -> None:
    show_one({"name": "web", "flavor": {"ram": 64, "disks": [{"gb": 1}]}})

    out = capsys.readouterr().out
    assert "ram: 64" in out
    assert "- gb: 1" in out


def test_values_become_plain() -> None:
    east = timezone(timedelta(hours=2))

    assert plain({"at": MOMENT.astimezone(east), "of": {KEY}, "as": (Format.CSV,)}) == {
        "at": "2026-01-31T08:15:00Z",
        "of": [str(KEY)],
        "as": ["csv"],
    }
    assert [cell(value) for value in (None, True, [1, 2], {"a": 1})] == [
        "",
        "yes",
        "1, 2",
        '{"a": 1}',
    ]


def test_notes_stand_below_the_list_and_tell_what_was_sorted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cut([{"id": "a"}, {"id": "b"}], 1, "id")
    assert capsys.readouterr().err == ""

    show_list([{"id": "a"}], ["id"], Format.VALUE, sort_column="id")

    told = capsys.readouterr().err.splitlines()
    assert told[0] == "only this page is sorted; --limit 0 sorts all"
    assert "--marker a" in told[1]


def test_a_list_that_is_only_narrow_is_sorted_as_a_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "terminal_width", lambda: 20)

    show_list([{"id": "a" * 15, "b": "c" * 15}], ["id", "b"], sort_column="id")

    told = capsys.readouterr().err
    assert "not shown, too narrow: b" in told
    assert "only this page is sorted" not in told
