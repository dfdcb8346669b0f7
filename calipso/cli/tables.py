"""Tables that fit the terminal: columns are left out before an id or a time is broken.

Names out of a cloud may be very long and of any script: widths are counted in cells of the
terminal, and a word of absurd length is cut.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from typing import TextIO

import typer
from rich.cells import cell_len, chop_cells

GAP = "  "
#: Cells of a word that stays whole; ids (36) and times (20) are shorter.
WHOLE = 40
#: Cells of a word that a list shows; `-f json` has all of it.
MOST_OF_WORD = 120
#: Cells of one value that a list shows.
MOST_OF_VALUE = 600
#: Columns that go first when the terminal is narrow, if the rows have names.
FIRST_TO_GO = ("last_scanned", "id")
#: Columns that stay as long as there is another: the list is made for them.
LAST_TO_GO = ("problems",)

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_WORDS = re.compile(r"[^ ,/]*[ ,/]*")


def fitting(
    rows: Sequence[Sequence[str]], headings: Sequence[str], width: int
) -> tuple[list[int], list[str]]:
    """Numbers of the columns that fit into `width`, and the names of those left out."""
    least = [_least(column) for column in _columns(rows, headings)]
    kept = list(range(len(headings)))
    gone: list[int] = []
    while len(kept) > 1 and _whole([least[number] for number in kept]) > width:
        number = _next_to_go(kept, headings, rows)
        kept.remove(number)
        gone.append(number)
    names = {headings[number] for number in kept}
    for number in reversed(gone):  # a narrow one may fit where a wide one did not
        if headings[number] in (*FIRST_TO_GO, "environment") and "name" in names:
            continue
        if _whole([least[one] for one in [*kept, number]]) <= width:
            kept.append(number)
            gone.remove(number)
    return sorted(kept), [headings[number] for number in gone]


def _next_to_go(kept: Sequence[int], headings: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    names = {headings[number]: number for number in kept}
    for name in FIRST_TO_GO:
        if name in names and (name != "id" or "name" in names):
            return names[name]
    place = names.get("environment")
    if place is not None and len({row[place] for row in rows}) == 1:
        return place
    return next((n for n in reversed(kept) if headings[n] not in LAST_TO_GO), kept[-1])


def lines(
    rows: Sequence[Sequence[str]], headings: Sequence[str], width: int | None
) -> Iterator[str]:
    """The lines of a table. Without a width, every line is as long as it is."""
    columns = _columns(rows, headings)
    widths = [max(cell_len(line) for text in column for line in _split(text)) for column in columns]
    if width:
        widths = _shrunk(widths, [_least(column) for column in columns], width)
    else:  # one absurd name must not make every line as long as it is
        widths = [min(own, MOST_OF_WORD) for own in widths]
    yield _line(headings, widths)
    yield "─" * _whole(widths)
    for row in rows:
        cells = [
            wrapped(text, widths[number]) if width else _split(text)
            for number, text in enumerate(row)
        ]
        for number in range(max(map(len, cells))):
            yield _line([cell[number] if number < len(cell) else "" for cell in cells], widths)


def short(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Rows without words and values of absurd length."""
    return [[_short(text) for text in row] for row in rows]


def terminal_width() -> int | None:
    """Columns of the terminal that reads standard output; None for a pipe or a file."""
    return width_of(sys.stdout)


def width_of(stream: TextIO) -> int | None:
    """Columns of the terminal behind a stream; None for a pipe or a file."""
    if not stream.isatty():
        return None
    from rich.console import Console

    return Console(file=stream).width


def write(rows: Sequence[Sequence[str]], headings: Sequence[str], width: int | None) -> None:
    """A table on standard output."""
    for line in lines(rows, headings, width):
        typer.echo(line)


def prose(text: str, width: int) -> Iterator[str]:
    """A line of words in lines of `width`, broken between words only: an id, a time or an address
    stays whole. Further lines are indented by two more.
    """
    indent = " " * (len(text) - len(text.lstrip(" ")) + 2)
    current = ""
    for word in re.findall(r" *[^ ]+", text):
        if current.strip() and _cells(current + word) > width:
            yield current
            current = indent + word.lstrip(" ")
        else:
            current += word
    yield current


def _cells(text: str) -> int:
    """Cells of a terminal that a text takes; colours take none."""
    return cell_len(_COLOURS.sub("", text))


def wrapped(text: str, width: int) -> list[str]:
    """Text in lines of `width`: broken behind words, and inside of a word that is longer."""
    return [part.rstrip() for line in _split(text) for part in _folded(line, width)]


def _folded(line: str, width: int) -> Iterator[str]:
    if cell_len(line) <= width:
        yield line
        return
    current = ""
    for word in _WORDS.findall(line):
        if current and cell_len(current) + cell_len(word.rstrip()) > width:
            yield current
            current = ""
        current += word
        if cell_len(current.rstrip()) > width:
            *full, current = chop_cells(current, max(width, 2))
            yield from full
    if current:
        yield current


def _split(text: str) -> list[str]:
    return text.split("\n")


def _columns(rows: Sequence[Sequence[str]], headings: Sequence[str]) -> list[list[str]]:
    return [[name, *(row[number] for row in rows)] for number, name in enumerate(headings)]


def _least(column: Sequence[str]) -> int:
    """The narrowest a column may be: no word of usual length is broken."""
    words = {word for text in column for word in re.split(r"[ \n]", text)}
    return max((min(cell_len(word), WHOLE) for word in words), default=1) or 1


def _shrunk(widths: list[int], least: Sequence[int], width: int) -> list[int]:
    """Widths that fit, if they can: the widest column gives first."""
    widths = list(widths)
    while _whole(widths) > width:
        able = [number for number, own in enumerate(widths) if own > least[number]]
        if not able:
            break
        widest = max(able, key=lambda number: widths[number])
        spare = _whole(widths) - width
        widths[widest] = max(least[widest], widths[widest] - max(1, spare // len(able)))
    return widths


def _whole(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        text + " " * (width - cell_len(text)) for text, width in zip(cells, widths, strict=True)
    ]
    return GAP.join(padded).rstrip()


def _short(text: str) -> str:
    if len(text) <= WHOLE:
        return text
    words = re.split(r"([ \n])", text)
    cut = "".join(_cut(word, MOST_OF_WORD) for word in words)
    return _cut(cut, MOST_OF_VALUE)


def _cut(text: str, most: int) -> str:
    if cell_len(text) <= most:
        return text
    return chop_cells(text[: most * 2], most - 1)[0] + "…"
