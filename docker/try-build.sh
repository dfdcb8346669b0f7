#!/usr/bin/env bash
# What `docker build` and the containers would do, with plain shell and no Docker: the steps of the
# Dockerfile in a clean directory, then each role as a user without rights, against stores of its own.
#   docker/try-build.sh [FOLDER]        needs the checkout's .venv (make) for the embedded stores
# PYTHON=/usr/bin/python3 uses another Python than that of PATH, KEEP=1 leaves the folder.
# Not shown by this: the base image, its layers, and networks between containers.
set -euo pipefail

repo=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$(mktemp -d /tmp/calipso-build.XXXXXX)}
python=${PYTHON:-python3}
user=${TRY_USER:-10001}
pids=()

finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  [ -n "${1:-}" ] || rm -rf "$folder"
}
trap 'finish "${KEEP:-}"' EXIT
step() { printf '\n== %s\n' "$1"; }

step "1. what .dockerignore lets through"
mkdir -p "$folder/context" "$folder/home"
(cd "$repo" && sed -n 's/^!//p' .dockerignore | xargs git ls-files -z --cached --others --exclude-standard --) |
  (cd "$repo" && xargs -0 cp --parents -t "$folder/context")
ls "$folder/context"

step "2. docker/install.sh, as in the build stage"
sh "$folder/context/docker/install.sh" "$folder/context" "$folder/calipso" "$python"
"$folder/calipso/bin/calipso" --version
if "$folder/calipso/bin/python" -c 'import pytest' 2>/dev/null; then echo "tests in the image"; exit 1; fi

step "3. stores of its own"
"$repo/.venv/bin/python" - "$folder" >"$folder/stores" 2>"$folder/stores.log" <<'PYTHON' &
import signal
import sys
from pathlib import Path

from calipso.cli.stack.embedded import start_mongo, start_redis

signal.signal(signal.SIGTERM, lambda *_: sys.exit())
folder = Path(sys.argv[1])
with start_mongo(folder / "mongo") as mongo, start_redis(folder / "redis") as redis:
    print(mongo, redis, flush=True)
    signal.sigwait({signal.SIGTERM})
PYTHON
pids+=($!)
for _ in $(seq 100); do [ -s "$folder/stores" ] && break; sleep 0.2; done
read -r mongo redis <"$folder/stores"
mkdir "$folder/secrets"
echo "$mongo" >"$folder/secrets/mongo_url"
echo "$redis" >"$folder/secrets/redis_url"
echo "flower-secret" >"$folder/secrets/flower_password"
chmod -R a+rX "$folder"

# The roles, as the image's user where this shell may choose one.
as=()
if [ "$(id -u)" = 0 ]; then
  chown -R "$user:$user" "$folder/home"
  as=(setpriv --reuid="$user" --regid="$user" --clear-groups)
fi
environment=(
  PATH="$folder/calipso/bin:/usr/bin:/bin" CALIPSO_HOME="$folder/home"
  CALIPSO_MONGO_URL_FILE="$folder/secrets/mongo_url"
  CALIPSO_REDIS_URL_FILE="$folder/secrets/redis_url"
  FLOWER_PASSWORD_FILE="$folder/secrets/flower_password"
  API_BIND=127.0.0.1:18080 FLOWER_PORT=18555 WAIT_SECONDS=20 PYTHONUNBUFFERED=1 HOME=/nonexistent
)
container() { env -i "${environment[@]}" "${as[@]}" "$@"; }
entry=(sh "$folder/context/docker/entrypoint.sh")
well() {
  for _ in $(seq 240); do
    if container python "$folder/context/docker/healthcheck.py" "$@" 2>"$folder/last"; then
      echo "healthy: $*"
      return
    fi
    sleep 0.5
  done
  echo "not healthy: $*"; cat "$folder/last"; tail -n 20 "$folder"/log.*; exit 1
}

container python -c pass 2>/dev/null || {
  echo "error: user $user may not run $python" >&2
  echo "hint: PYTHON=/usr/bin/python3 $0, or TRY_USER=$(id -u)" >&2
  exit 1
}

step "4. a store that is not there is named, in time"
if container env CALIPSO_MONGO_URL=mongodb://127.0.0.1:1 WAIT_SECONDS=1 "${entry[@]}" api; then
  echo "it started without MongoDB"; exit 1
fi

step "5. roles: upgrade, api, workers, beat, flower"
cd "$folder/home"
container timeout 120 "${entry[@]}" upgrade
for role in api "worker scan,events,api,db,cli" "worker links,cliques" beat flower; do
  hidden=()
  [ "$role" != flower ] || hidden=(env -u CALIPSO_MONGO_URL_FILE)   # as in compose.yaml
  # shellcheck disable=SC2086 # a role is a word or two; `exec`, so that its pid is the role's own
  (exec env -i "${environment[@]}" "${as[@]}" "${hidden[@]}" timeout 300 "${entry[@]}" $role) \
    >"$folder/log.${role// /_}" 2>&1 &
  pids+=($!)
done
well api
well worker sources
well worker graph
well beat
well flower
container "${entry[@]}" check --stack-only
code=$(curl -s -m 30 -o /dev/null -w '%{http_code}' http://127.0.0.1:18555/)
[ "$code" = 401 ] || { echo "Flower without a password: $code"; exit 1; }
code=$(curl -s -m 30 -o /dev/null -w '%{http_code}' -u calipso:flower-secret http://127.0.0.1:18555/)
[ "$code" = 200 ] || { echo "Flower with its password: $code"; exit 1; }

step "6. all end in order on SIGTERM"
roles=("${pids[@]:1}")
for pid in "${roles[@]}"; do kill "$pid"; done
for pid in "${roles[@]}"; do
  code=0
  wait "$pid" || code=$?
  echo "ended with $code"
  [ "$code" = 0 ] || exit 1
done
pids=("${pids[0]}")
step "done; not run: docker build, docker compose"
