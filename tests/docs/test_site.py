"""The documentation site: built strictly, served with a policy, no request to another server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask

from calipso.api import site
from tests.api.conftest import app, apps

__all__ = ["app", "apps"]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs-site` builds it; a warning fails the build."""
    pytest.importorskip("material", reason="install the extra docs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


class Page(HTMLParser):
    """Links, ids, and what a page loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.ids.add(str(given["id"]))
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        if tag in ("script", "img") and given.get("src"):
            self.loads.append(str(given["src"]))
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preconnect"):
            self.loads.append(str(given["href"]))


def test_every_page_of_the_folder_is_in_the_site_and_every_link_leads_somewhere(
    built: Path,
) -> None:
    pages = {path.name: Page(path.read_text(encoding="utf-8")) for path in built.glob("*.html")}
    wrong = []
    for name, page in pages.items():
        for link in page.links:
            target, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", link) or name == "404.html":
                continue
            other = pages.get(target or name) or (
                None if not (built / target).exists() else Page("")
            )
            if other is None or (anchor and other.ids and anchor not in other.ids):
                wrong.append(f"{name}: {link}")

    assert wrong == []
    operations = (built / "api-reference.html").read_text(encoding="utf-8")
    assert "GET /inventory/&lt;key&gt;/graph" in operations
    sources = {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert sources - {Path(name).stem for name in pages} == set()


def test_no_page_loads_anything_from_another_server(built: Path) -> None:
    pages = [Page(path.read_text(encoding="utf-8")) for path in built.glob("*.html")]
    loads = {load for page in pages for load in page.loads}

    assert loads
    assert {load for load in loads if load.startswith(("http", "//"))} == set()


def test_the_api_serves_it_and_each_page_may_run_only_its_own_scripts(
    built: Path, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "SITE", built)
    client = app.test_client()
    answer = client.get("/docs/")
    policy = answer.headers["Content-Security-Policy"]
    scripts = policy.split("script-src ")[1].split(";")[0]

    assert client.get("/docs").headers["Location"].endswith("/docs/")
    assert "Calipso" in answer.get_data(as_text=True)
    assert "unsafe" not in scripts
    assert scripts.count("'sha256-") > 1
    assert client.get("/docs/concepts.html").status_code == 200
    assert client.get("/docs/search/search_index.json").is_json
    for name in ("nowhere.html", "../ui/__init__.py", "..%2fui%2f__init__.py", "%2e%2e/x"):
        assert client.get(f"/docs/{name}").status_code == 404


def test_without_a_build_it_says_how_to_build(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "SITE", tmp_path)
    answer = app.test_client().get("/docs/")

    assert answer.status_code == 404
    assert "make docs-site" in answer.get_data(as_text=True)


def test_the_glossary_is_what_the_declarations_say() -> None:
    command = [sys.executable, str(ROOT / "docs" / "glossary.py"), "--check"]

    assert subprocess.run(command, check=False).returncode == 0, "run make docs"
