"""docs/operate.md: the commands that save and bring back the embedded store do so."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")

pytestmark = [pytest.mark.slow, pytest.mark.broker]


def commands(mark: str) -> str:
    """The indented lines after a mark of the page."""
    match = re.search(rf"<!-- {mark} -->\n\n((?:    .*\n)+)", PAGE)
    assert match
    return match[1]


def shell(text: str, environment: dict[str, str]) -> str:
    result = subprocess.run(
        ["bash", "-euc", text],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.long
def test_what_was_saved_comes_back_with_readable_passwords(tmp_path: Path) -> None:
    home, backup, keys = (tmp_path / name for name in ("home", "backup", "keys"))
    backup.mkdir()
    keys.mkdir()
    given = {key: value for key, value in os.environ.items() if not key.startswith("CALIPSO_")}
    for name in ("MONGO_URL", "REDIS_URL", "CELERY_BROKER_URL"):
        given.pop(name, None)
    path = f"{Path(sys.executable).parent}:{given['PATH']}"
    given |= {"CALIPSO_HOME": str(home), "BACKUP": str(backup), "KEYS": str(keys), "PATH": path}
    sections = [
        {"name": "OpenStack", "host": "192.0.2.1", "user": "u", "pwd": "api-secret"},
        {"name": "mysql", "host": "192.0.2.1", "user": "u", "pwd": "db-secret"},
        {"name": "CLI", "host": "192.0.2.1", "user": "u", "pwd": "ssh-secret"},
    ]
    document = tmp_path / "prod.json"
    document.write_text(json.dumps({"name": "prod", "configuration": sections}))
    read = (
        "from calipso.stores.config.environment_store import EnvironmentStore as S;"
        "print(S().get('prod').model_dump_json())"
    )
    try:
        shell(f"calipso up --only stores && calipso env add --file {document} --no-test", given)
        before = shell(f'python -c "{read}"', given)
        shell(commands("backup"), given)
        shell("calipso down", given)
        shutil.rmtree(home)

        with_both = json.dumps([str(item) for item in backup.rglob("*")])
        assert "secret.keys" not in with_both
        assert "secret.keys" not in shell(f"tar -tzf {backup}/calipso.tar.gz", given)
        shell(commands("restore"), given)

        assert "api-secret" in before
        assert shell(f'python -c "{read}"', given) == before
        assert "applied" in shell("calipso db status", given)
    finally:
        if home.is_dir():
            shell("calipso down", given)
