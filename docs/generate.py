#!/usr/bin/env python3
"""Writes docs/settings.md from the settings of the code.

python docs/generate.py            write
python docs/generate.py --check    exit 1 when the file is not what would be written
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from calipso.settings import Settings

HERE = Path(__file__).resolve().parent

HEAD = """# Settings

What belongs to one cloud (addresses, credentials, drivers) is no setting: it lives in the
environment, see [environments.md](environments.md). These settings belong to the processes of
Calipso. Each is read from, first match wins:

1. a flag of the command, where there is one;
2. the environment variable `CALIPSO_<NAME>`;
3. for the three addresses also the plain names `MONGO_URL`, `REDIS_URL`, `CELERY_BROKER_URL`, or a
   file named by `CALIPSO_MONGO_URL_FILE`, `CALIPSO_REDIS_URL_FILE`, `CALIPSO_BROKER_URL_FILE`
   (how containers are given secrets);
4. for the MongoDB address `/etc/calipso/mongo.conf`, or the file of `-m`: lines of `key value` with
   `server`, `port`, `user`, `pwd`, `auth_db`;
5. the default.

A wrong value stops the command and is named. `calipso config show` prints what is in force.

| Environment variable | Default | Meaning |
|---|---|---|
"""

TAIL = """
This page is written by `python docs/generate.py` from `calipso/settings.py`.
"""


def default(value: Any) -> str:
    """A default as it would be given: nothing for None."""
    if value is None:
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def settings_page() -> str:
    """The whole page."""
    rows = [
        f"| `CALIPSO_{name.upper()}` | {default(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return HEAD + "\n".join(rows) + "\n" + TAIL


def main() -> int:
    path, text = HERE / "settings.md", settings_page()
    if "--check" in sys.argv:
        same = path.is_file() and path.read_text(encoding="utf-8") == text
        print(f"{path.name}: {'up to date' if same else 'run python docs/generate.py'}")
        return 0 if same else 1
    path.write_text(text, encoding="utf-8")
    print(f"{path.name}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
