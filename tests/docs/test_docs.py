"""The documentation is true: its plug-in runs, its settings are the code's, its links lead on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from calipso.discover.engine.scan_local import run_local
from calipso.model.environment import CliSection, Environment, MysqlSection, OpenStackSection
from calipso.model.scan import ScanRequest
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
EXAMPLE = DOCS / "examples" / "routes"


@pytest.fixture
def cloud() -> Iterator[dict[str, Any]]:
    """A small cloud in a process of its own; the environment document that leads to it."""
    command = [sys.executable, "-m", "tests.docs.cloud_with_routes"]
    command += ["--hosts", "4", "--instances", "4", "--networks", "3", "--name", "routed"]
    command += ["--until-stdin-closes"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield json.loads(line)["environment"]
        process.terminate()


def test_the_plug_in_of_the_walk_through_finds_routes_links_and_cliques(
    cloud: dict[str, Any], inv: InventoryMgr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLE))
    subprocess.run(
        [sys.executable, str(EXAMPLE / "make_config.py"), str(tmp_path / "config")], check=True
    )
    monkeypatch.setenv("CALIPSO_CONFIG_DIR", str(tmp_path / "config"))
    settings.cache_clear()
    EnvironmentStore().add(cloud)

    record = run_local(ScanRequest(environment="routed"))

    assert record["status"] == "completed", record["errors"]
    routes = inv.find("routed", "route")
    links = {link["source_id"]: link for link in inv.find_all("links", {"environment": "routed"})}
    cliques = {
        clique["focal_point_id"]: clique
        for clique in inv.find_all("cliques", {"focal_point_type": "route"})
    }
    assert {route["host"] for route in routes} == {h["id"] for h in inv.find("routed", "host")}
    assert {route["parent_type"] for route in routes} == {"routes_folder"}
    assert links.keys() >= {route["id"] for route in routes}
    assert cliques.keys() == {route["id"] for route in routes}
    assert {links[route["id"]]["link_type"] for route in routes} <= {
        "route-host_pnic",
        "route-vedge",
    }
    assert "FindLinksForRoutes" in {link["finder"] for link in links.values()}
    assert inv.find("routed", "instance"), "our own tree was scanned besides"


def test_every_snippet_of_the_walk_through_is_in_the_example() -> None:
    page = (DOCS / "add-a-fetcher.md").read_text(encoding="utf-8")
    files = [path.read_text(encoding="utf-8") for path in EXAMPLE.rglob("*.py")]

    snippets = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)

    assert len(snippets) == 2
    for snippet in snippets:
        assert any(snippet in text for text in files), snippet


def test_the_page_of_settings_is_what_the_code_says() -> None:
    done = subprocess.run([sys.executable, str(DOCS / "generate.py"), "--check"], check=False)

    assert done.returncode == 0, "run python docs/generate.py"


SECTIONS = {
    "The environment:": Environment,
    "Section `OpenStack`:": OpenStackSection,
    "Section `mysql`:": MysqlSection,
    "Section `CLI`:": CliSection,
}


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_field_of_an_environment_is_explained_in_its_table(heading: str) -> None:
    page = (DOCS / "environments.md").read_text(encoding="utf-8")
    table = page.partition(f"\n{heading}\n\n")[2].partition("\n\n")[0]
    explained = {
        name
        for line in table.splitlines()
        for name in re.findall(r"`(\w+)`", line.split("|")[1] if "|" in line else "")
    }

    model: type[BaseModel] = SECTIONS[heading]
    fields = {field.alias or name for name, field in model.model_fields.items()}

    said_by_the_heading = "type" if model is Environment else "name"
    assert fields - explained == {said_by_the_heading}
    assert explained - fields == set(), "no such field"


def anchors(page: Path) -> set[str]:
    """What a link to a heading of a page may name, as GitHub makes it of the heading."""
    headings = re.findall(r"^#+ +(.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {
        re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }


PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md")), *sorted(ROOT.glob("[A-Z]*.md"))]


@pytest.mark.parametrize("page", dict.fromkeys(PAGES), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    missing = []
    for target in re.findall(r"\]\(([^)\s]+)[^)]*\)", text):
        name, _, anchor = target.partition("#")
        other = page.parent / name if name else page
        if "://" in target or target.startswith("mailto:"):
            continue
        if not other.exists() or (anchor and anchor not in anchors(other)):
            missing.append(target)

    assert missing == []
