"""A graph as a picture in a file."""

from __future__ import annotations

import sys
from pathlib import Path

from calipso.cli.output import say
from calipso.errors import ConfigError
from calipso.topology.formats import Graph
from calipso.topology.svg import svg


def write_picture(path: Path, graph: Graph) -> None:
    """Write the graph as SVG; `-` is standard output. Raises ConfigError when it cannot."""
    text = svg(graph)
    if str(path) == "-":
        sys.stdout.write(text)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}", hint="Name a file in a folder that exists."
        ) from error
    say(f"{path} written")
