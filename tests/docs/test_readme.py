"""The first page: what it says of drivers is what the code knows, and it can be read anywhere."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import calipso.model.drivers as drivers

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_drivers_of_the_readme_are_those_of_the_code() -> None:
    table = README.partition("| Mechanism drivers of Neutron |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines() if "`" in line]
    said = {
        name: not word.strip().startswith("not") for names, word in rows for name in words(names)
    }

    assert said == {driver.name: driver.read for driver in drivers.DRIVERS}


def words(text: str) -> list[str]:
    return re.findall(r"`(\w+)`", text)


def test_the_concepts_are_linked_before_the_first_heading() -> None:
    assert "(docs/concepts.md)" in README.partition("\n## ")[0]


def test_the_text_of_the_package_has_no_links_that_need_the_repository() -> None:
    """An index of packages shows it alone: a link or picture there must be absolute."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    name = config["metadata"]["long_description"].removeprefix("file:").strip()
    text = (ROOT / name).read_text(encoding="utf-8")

    assert name != "README.md"
    assert [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link] == []
    assert "pip install" in text


def test_no_page_sends_a_password_to_a_port_that_may_be_somebody_elses() -> None:
    """`calipso up` takes another port when the wanted one is taken; `calipso status` shows it."""
    secret = re.compile(r"-u |password|pwd|auth/tokens|Authorization|\$TOKEN", re.IGNORECASE)
    fixed = re.compile(r"(127\.0\.0\.1|localhost):8000|:-http://127", re.IGNORECASE)
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    found = [
        f"{page.name}: {line.strip()[:80]}"
        for page in pages
        for block in re.findall(
            r"(?ms)^```\w*\n(.*?)^```|((?:^    .*\n)+)", page.read_text(encoding="utf-8")
        )
        if secret.search("".join(block))
        for line in "".join(block).splitlines()
        if fixed.search(line)
    ]

    assert found == []
