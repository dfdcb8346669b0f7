"""Tables fit the terminal: whole ids and times, and no name of a cloud breaks them."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from calipso.cli import output, tables
from calipso.cli.output import Format, clean, show_list

UUID = "0a9d2d48-c26a-4ba4-82c0-6f91892094e4"
TIME = "2026-11-30T15:57:53Z"
ROW = {"id": UUID, "name": "web-1", "host": "compute-1", "state": "up", "last_scanned": TIME}
HOSTILE = [
    "名前" * 40,
    "\x1b[31mred\x07",
    "\u202eevil\u2066",
    "x" * 10_000,
    "wide 名 " * 300,
    "a\u200b\u200db\ufeff",
    "\ud800half",
    "tag\U000e0041",
    "two\nlines",
]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "terminal_width", lambda: 80)


def shown(capsys: pytest.CaptureFixture[str], rows: list[dict[str, str]], **more: object) -> str:
    show_list(rows, list(ROW), Format.TABLE, **more)  # type: ignore[arg-type]
    return capsys.readouterr().out


@pytest.mark.usefixtures("terminal")
def test_columns_are_left_out_before_an_id_or_a_time_is_broken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [ROW | {"name": "a-rather-long-name-of-a-server"}] * 3
    show_list(rows, list(ROW), Format.TABLE)
    told = capsys.readouterr()

    assert told.out.split()[:3] == ["name", "host", "state"]
    assert max(map(cell_len, told.out.splitlines())) <= 80
    assert "not shown, too narrow: last_scanned, id (--wide, or -c COLUMN)" in told.err


@pytest.mark.usefixtures("terminal")
def test_chosen_columns_are_all_shown_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, [ROW], chosen=["id", "last_scanned", "name", "host", "state"])

    assert UUID in out
    assert TIME in out


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_out_of_a_cloud_does_not_break_the_table(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    out = shown(capsys, [ROW | {"name": name}, ROW])

    assert max(map(cell_len, out.splitlines())) <= 80
    assert len(out.splitlines()) < 40
    assert out == clean(out, keep="\n")
    assert out.splitlines()[-1].split()[-3:] == ["web-1", "compute-1", "up"]


@pytest.mark.usefixtures("terminal")
def test_a_narrow_column_stays_where_a_wide_one_does_not_fit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    row = {"name": "n" * 30, "host": "h" * 30, "mac": "m" * 17, "state": "up", "vni": "7"}
    show_list([row], list(row), Format.TABLE)
    told = capsys.readouterr()

    assert told.out.split()[:4] == ["name", "host", "state", "vni"]
    assert "too narrow: mac (" in told.err


@pytest.mark.usefixtures("terminal")
def test_problems_stay_in_a_list_that_is_made_for_them(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"type": "network_agent", "name": f"qdhcp-{UUID}", "host": "network-1"}
    show_list([row | {"problems": "network_missing"}], [*row, "problems"], Format.TABLE)

    assert capsys.readouterr().out.split()[:3] == ["type", "name", "problems"]


def test_lines_for_people_are_broken_between_words() -> None:
    line = f"  hint: look at the namespace qdhcp-{UUID} of {TIME}, then see http://d/{UUID}"
    parts = list(tables.prose(line, 60))

    assert max(map(len, parts)) <= 60
    assert " ".join(part.strip() for part in parts) == line.strip()
    assert [part[: len(part) - len(part.lstrip())] for part in parts] == ["  ", *["    "] * 3]
    assert list(tables.prose("x" * 90, 60)) == ["x" * 90]
    assert list(tables.prose("", 60)) == [""]


def test_a_terminal_gets_lines_that_fit_and_a_pipe_gets_them_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = "one two three " * 10
    output.tell(line)
    assert capsys.readouterr().out == f"{line}\n"

    monkeypatch.setattr(output.sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(output.sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(tables, "width_of", lambda _: 80)
    output.tell(line)
    output.say(line)
    told = capsys.readouterr()

    assert max(map(len, told.out.splitlines() + told.err.splitlines())) <= 80
    assert told.out.split() == told.err.split() == line.split()


def test_words_are_broken_behind_slashes_and_commas_only() -> None:
    path = f"/prod/projects/{UUID}/{UUID}"

    assert all(UUID in line or "/prod" in line for line in tables.wrapped(path, 40))
    assert re.sub(r"\s", "", "".join(tables.wrapped("one, two, three", 9))) == "one,two,three"
