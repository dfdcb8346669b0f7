#!/bin/sh
# entrypoint.sh ROLE [ARGUMENT ...]: what a container of the Calipso image is.
#   api [FLAG ...]          the REST API on port 8000
#   worker QUEUE,... [...]  a worker for these queues (see `calipso worker --help`)
#   beat                    starts timed work
#   events                  listens to the notifications of clouds
#   flower                  the task dashboard on port 5555, behind a password
#   upgrade                 upgrade the database to this version and end
#   COMMAND ...             any other `calipso` command
# Waits for the stores first, WAIT_SECONDS at most (60), and says which one did not answer.
set -eu
umask 077

here=$(dirname "$0")
role=${1:-api}
[ $# -eq 0 ] || shift

wait_for() { python "$here/wait_for_stores.py" "$@"; }

case $role in
  api)
    wait_for mongo redis
    exec calipso api --bind "${API_BIND:-0.0.0.0:8000}" "$@"
    ;;
  worker)
    [ $# -gt 0 ] || { echo "error: worker needs its queues: worker scan,events,api,db,cli" >&2; exit 2; }
    wait_for mongo redis broker
    queues=$1
    shift
    exec calipso worker --queues "$queues" "$@"
    ;;
  beat)
    wait_for mongo redis broker
    exec calipso beat
    ;;
  events)
    wait_for mongo redis broker
    exec calipso events run
    ;;
  flower)
    wait_for redis broker
    password=${FLOWER_PASSWORD:-}
    [ -z "${FLOWER_PASSWORD_FILE:-}" ] || password=$(cat "$FLOWER_PASSWORD_FILE")
    [ -n "$password" ] || { echo "error: FLOWER_PASSWORD_FILE is not set" >&2; exit 1; }
    unset FLOWER_PASSWORD FLOWER_PASSWORD_FILE
    export FLOWER_BASIC_AUTH="calipso:$password"   # not as an argument: those show in `ps`
    exec celery -A workers.app flower --address=0.0.0.0 --port="${FLOWER_PORT:-5555}"
    ;;
  upgrade)
    wait_for mongo
    exec calipso db upgrade "$@"
    ;;
  *)
    exec calipso "$role" "$@"
    ;;
esac
