#!/bin/sh
# The steps of the image's build stage, also run without Docker by try-build.sh.
#   install.sh SOURCES TARGET [PYTHON]
# TARGET becomes a virtual environment with Calipso and what its processes need, each file of the
# versions and hashes of requirements.txt. Tests, linters and embedded stores are left out.
set -eu

sources=$1 target=$2 python=${3:-python3}
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The tools that build the wheel are locked too, and do not go into the image.
"$python" -m venv "$work/tools"
sed -n '/^setuptools==/,/[^\\]$/p' "$sources/requirements.txt" >"$work/tools.txt"
"$work/tools/bin/pip" install --quiet --require-hashes -r "$work/tools.txt"
cp -r "$sources" "$work/sources"   # the build writes files into the copy only
"$work/tools/bin/pip" wheel --quiet --no-deps --no-build-isolation -w "$work" "$work/sources"

# pip says which locked packages are needed; each is then installed by its hash.
"$python" -m venv "$target"
wheel=$(ls "$work"/calipso-*.whl)
grep -o '^[A-Za-z0-9_.-]*==[^ ]*' "$sources/requirements.txt" >"$work/constraints.txt"
"$target/bin/pip" install --quiet --dry-run --report "$work/report.json" \
  --constraint "$work/constraints.txt" "${wheel}[flower,ldap]"
"$python" - "$work/report.json" "$sources/requirements.txt" >"$work/needed.txt" <<'PYTHON'
import json
import re
import sys


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


with open(sys.argv[1]) as report, open(sys.argv[2]) as lock:
    names = {plain(item["metadata"]["name"]) for item in json.load(report)["install"]} - {"calipso"}
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", lock.read())
locked = {plain(block.partition("==")[0]): block for block in blocks if "==" in block}
if missing := sorted(names - set(locked)):
    sys.exit(f"error: not in requirements.txt: {', '.join(missing)}\nhint: make lock")
print("".join(locked[name] for name in sorted(names)))
PYTHON
"$target/bin/pip" install --quiet --no-deps --require-hashes -r "$work/needed.txt"
"$target/bin/pip" install --quiet --no-deps "$wheel"
"$target/bin/pip" check
"$target/bin/python" -m compileall -q "$target/lib" || true   # the image's user cannot write there
