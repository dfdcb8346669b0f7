"""Pictures of every screen, and what a picture would show to be wrong: overlap, cut text, overflow.

CALIPSO_SCREENS=docs/screens pytest tests/ui/test_screens.py     writes those of the documentation
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.ui.conftest import Walk
from tests.ui.screens import screens, settled

pytestmark = [pytest.mark.slow, pytest.mark.long]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "screens.md"

#: Pixels of a picture: width, and height at most.
SIZES = {1280: 900, 390: 1200}
QUALITY = 40

#: Text that its box cuts, boxes of text that lie on each other, and what is wider than the window.
FAULTS = """() => {
  const found = [];
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) found.push(`${wide} pixels wider than the window`);
  const scrolled = (one) => one.closest('.drawing, .table, pre, .unseen, .skip, svg');
  const shown = [...document.querySelectorAll('main *, header *')].filter((one) => {
    const box = one.getBoundingClientRect();
    if (!one.checkVisibility()) return false; // in closed details
    return box.width > 0 && box.height > 0 && !scrolled(one);
  });
  for (const one of shown) {
    const style = getComputedStyle(one);
    if (one.scrollWidth > one.clientWidth + 1 && style.overflowX === 'hidden' && one.clientWidth)
      found.push(`cut: ${one.tagName} ${one.textContent.slice(0, 40)}`);
  }
  const kinds = ['A', 'BUTTON', 'INPUT', 'SELECT', 'LABEL', 'H1', 'H2'];
  const leaves = shown.filter((one) => kinds.includes(one.tagName));
  const word = (one) => one.textContent.slice(0, 30);
  for (const [at, one] of leaves.entries())
    for (const other of leaves.slice(at + 1)) {
      if (one.contains(other) || other.contains(one)) continue;
      const a = one.getBoundingClientRect(), b = other.getBoundingClientRect();
      const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (x > 2 && y > 4) found.push(`overlap: ${word(one)} and ${word(other)}`);
    }
  return [...new Set(found)];
}"""


def picture(page: Any, path: Path, width: int) -> None:
    """Write what the page shows as WebP, no higher than a picture may be."""
    height = min(SIZES[width], page.evaluate("document.documentElement.scrollHeight"))
    client = page.context.new_cdp_session(page)
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    form = {"format": "webp", "quality": QUALITY, "captureBeyondViewport": True, "clip": clip}
    path.write_bytes(base64.b64decode(client.send("Page.captureScreenshot", form)["data"]))
    client.detach()


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_screen_has_overlaps_or_cut_text(
    walk: Callable[..., Walk], troubled: InventoryMgr, tmp_path: Path, width: int, scheme: str
) -> None:
    folder = Path(os.environ.get("CALIPSO_SCREENS") or tmp_path)
    folder.mkdir(exist_ok=True)
    open_page = walk(width=width, color_scheme=scheme)
    page = open_page.page
    open_page.open()
    page.get_by_label("Password").wait_for()
    picture(page, folder / f"login-{width}-{scheme}.webp", width)
    open_page.log_in()
    found = {}
    for name, path in screens(troubled, focal="mail-1").items():
        open_page.open(path)
        settled(page)
        page.wait_for_timeout(300)  # what is drawn after the last answer
        found[name] = page.evaluate(FAULTS)
        picture(page, folder / f"{name}-{width}-{scheme}.webp", width)

    documented = set(re.findall(r"screens/([\w-]+)-1280-light", PAGE.read_text(encoding="utf-8")))
    assert documented == {"login", *found}
    assert {name: faults for name, faults in found.items() if faults} == {}
    assert open_page.errors == []
