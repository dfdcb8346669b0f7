"""The pages and the drawings of the server use the same words and shapes for a state."""

from __future__ import annotations

import re
from pathlib import Path

from calipso.topology.health import Health, health
from calipso.topology.svg import SHAPES

SOURCES = Path(__file__).resolve().parents[2] / "ui" / "src"


def test_words_of_states_mean_the_same() -> None:
    text = (SOURCES / "words.ts").read_text(encoding="utf-8")
    body = text[text.index("const WORDS") : text.index("};")]
    found = {
        word: Health(name)
        for name, words in re.findall(r"(\w+): \[([^\]]*)\]", body)
        for word in re.findall(r'"(\w+)"', words)
    }

    assert len(found) > 15
    assert {word: health({"state": word}) for word in found} == found


def test_shapes_of_states_are_the_same() -> None:
    text = (SOURCES / "parts" / "basics.tsx").read_text(encoding="utf-8")
    body = text[text.index("export const SHAPES") :]
    found = dict(re.findall(r'(\w+): "([^"]+)"', body[: body.index("};")]))

    assert found == {state.value: shape for state, shape in SHAPES.items()}
