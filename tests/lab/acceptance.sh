#!/usr/bin/env bash
# Acceptance on a real OpenStack: scans it with `calipso` and holds the result against the truth.
# Prints what each step expects and what came; ends with the number of steps that failed.
#
#   acceptance.sh              steps 2 3 4 5 7 hang
#   acceptance.sh 3 4          only these (2 first, once: it adds the environment)
#
# It changes the cloud a little and undoes it (step 3), and for a scan it stops one ssh server (step
# 4) and lets it hang (step hang).
# `calipso up` must have been run. Needs, as environment variables:
#   OS_AUTH_URL OS_USERNAME OS_PASSWORD OS_PROJECT_NAME     the cloud, administrator
#   LAB_TOOLS         folder of the lab's own tools (for step 4)
#   LAB_SSH_CONFIG    ssh configuration that names every host
#   LAB_DB_HOST LAB_DB_USER LAB_SSH_HOST LAB_SSH_KEY LAB_PASSWORD_FILE   for `calipso env add`
# May be given: LAB_ENV (lab), LAB_HOST (compute-3), LAB_WORK (a new folder), PYTHON, CALIPSO.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
env=${LAB_ENV:-lab}
host=${LAB_HOST:-compute-3}
work=${LAB_WORK:-$(mktemp -d)}
python=${PYTHON:-python3}
calipso=${CALIPSO:-calipso}
failed=0

say() { printf '\n=== %s\n' "$*"; }

# expect CODE WHAT COMMAND...: run it, compare its exit code, print one line
expect() {
    local wanted=$1 what=$2 began=$SECONDS
    shift 2
    "$@"
    local code=$?
    if [ "$code" -eq "$wanted" ]; then
        printf 'PASS  %s (%d s)\n' "$what" $((SECONDS - began))
    else
        printf 'FAIL  %s: exit code %d, expected %d\n' "$what" "$code" "$wanted"
        failed=$((failed + 1))
    fi
}

scan() { "$calipso" scan run "$1" --watch; }
truth() { "$python" "$here/truth.py" --calipso "$calipso" --env "$1"; }
only_truth() { "$python" "$here/truth.py" --only-truth >"$1"; }
changes() { "$python" "$here/changes.py" --env "$env" "$@"; }
sshd() { "$python" "$here/sshd.py" "$1" "$host"; }

# export NAME ENV: inventory, links and cliques as files
export_all() {
    for noun in inventory link clique; do
        "$calipso" "$noun" list --env "$2" -f json --limit 0 >"$work/$1-$noun.json" || return 1
    done
}

same_all() {
    local result=0
    for noun in inventory link clique; do
        "$python" "$here/same.py" "$work/$1-$noun.json" "$work/$2-$noun.json" "${@:3}" || result=1
    done
    return $result
}

add_environment() {
    # the lab's databases and hosts have one password
    CALIPSO_API_PASSWORD=$OS_PASSWORD "$calipso" env add "$1" --replace --no-test \
        --auth-url "$OS_AUTH_URL" --api-user "$OS_USERNAME" --api-project "$OS_PROJECT_NAME" \
        --db-host "$LAB_DB_HOST" --db-user "$LAB_DB_USER" \
        --ssh-host "$LAB_SSH_HOST" --ssh-user root --ssh-key "$LAB_SSH_KEY" --accept-new-hosts \
        --db-password-file "$LAB_PASSWORD_FILE" \
        --mechanism-driver OVS --mechanism-driver LXB --type-drivers vxlan
}

step2() {
    say "2. the whole cloud is found, nothing is invented"
    expect 0 "environment $env is added" add_environment "$env"
    expect 0 "env test: every step is well" "$calipso" env test "$env"
    expect 0 "scan ends completed" scan "$env"
    expect 0 "truth: missing 0, extra 0, different 0" truth "$env"
}

step3() {
    say "3. a change of the cloud is exactly what the next scan records"
    expect 0 "scan before the change" scan "$env"
    only_truth "$work/before.json"
    expect 0 "one instance deleted, two created, a router interface added" \
        "$python" "$here/change.py" --state "$work/change.json"
    only_truth "$work/after.json"
    expect 0 "scan after the change" scan "$env"
    expect 0 "recorded changes are the real ones" \
        changes --before "$work/before.json" --after "$work/after.json"
    expect 0 "truth after the change" truth "$env"
    expect 0 "third scan" scan "$env"
    expect 0 "third scan recorded no change" changes --none
    expect 0 "the change is undone" "$python" "$here/change.py" --state "$work/change.json" --undo
    expect 0 "scan after the undo" scan "$env"
    expect 0 "truth after the undo" truth "$env"
}

# stale_are N: the host's objects are all still there, N of those read over ssh are stale
stale_are() {
    "$python" - "$work/before-inventory.json" "$work/$1-inventory.json" "$host" "$2" <<'END'
import json, sys

before, after = (json.load(open(name)) for name in sys.argv[1:3])
host, wanted = sys.argv[3], sys.argv[4]
def of(documents):
    return {(d["type"], d["id"]): d for d in documents if d.get("host") == host}
lost = of(before).keys() - of(after).keys()
stale = [d for d in of(after).values() if d.get("stale_since")]
fresh = [d for d in of(after).values()
         if (d.get("fetched_by") or {}).get("source") == "cli" and not d.get("stale_since")]
others = [d for d in after if d.get("host") not in (None, "", host) and d.get("stale_since")]
print(f"{len(of(before))} objects of {host}: lost {len(lost)}, stale {len(stale)}, "
      f"read by ssh but not stale {len(fresh)}; stale of other hosts {len(others)}")
if lost or others:
    sys.exit(1)
sys.exit(0 if (stale and not fresh if wanted == "all" else not stale) else 1)
END
}

# one_error: the last scan has one error, about this host, with a hint
one_error() {
    "$calipso" scan list --env "$env" -f json --limit 1 >"$work/scans.json" || return 1
    local id
    id=$("$python" -c 'import json,sys; s=json.load(open(sys.argv[1]))[0]; print(s.get("id") or s["_id"])' "$work/scans.json")
    "$calipso" scan show "$id" -f json >"$work/scan.json" || return 1
    "$python" - "$work/scan.json" "$host" <<'END'
import json, sys

scan = json.load(open(sys.argv[1]))
errors = [e for e in scan.get("errors", []) if not e.get("warning")]
for error in errors:
    print(error["host"], error["kind"], error["message"], "| hint:", error["hint"])
good = len(errors) == 1 and errors[0]["host"] == sys.argv[2] and errors[0]["hint"]
sys.exit(0 if good else 1)
END
}

step4() {
    say "4. a host that does not answer loses nothing and is named once"
    expect 0 "scan before" scan "$env"
    expect 0 "export before" export_all before "$env"
    expect 0 "ssh server of $host is stopped" sshd stop
    expect 3 "scan ends completed_with_errors" scan "$env"
    expect 0 "export" export_all stopped "$env"
    expect 0 "objects of $host are all there and stale" stale_are stopped all
    expect 0 "one error, about $host, with a hint" one_error
    expect 0 "ssh server of $host is started" sshd start
    expect 0 "scan ends completed" scan "$env"
    expect 0 "export" export_all started "$env"
    expect 0 "nothing is stale any more" stale_are started none
    expect 0 "truth" truth "$env"
}

# killed_scan: kill -9 of the worker that reads clouds while a scan runs in it
# state of the newest scan: "running 4"
state() {
    "$calipso" scan show last -f json | "$python" -c \
        'import json,sys; s = json.load(sys.stdin); print(s["status"], s["level"])'
}

# Kill the worker of the sources while the scan reads the cloud; a kill that came too early or too
# late does not count, and is tried again at another moment.
killed_scan() {
    local pid running now delay
    for delay in ${LAB_KILL_AFTER:-1.0 1.2 0.8 1.4 0.6}; do
        pid=$("$calipso" status -f json | "$python" -c 'import json,sys; \
print(next(r["pid"] for r in json.load(sys.stdin) if r["name"] == "sources"))')
        scan "$env" &
        running=$!
        sleep "$delay"
        kill -9 "$pid"
        now=$(state)
        echo "kill -9 $pid after $delay s; the scan is $now"
        wait "$running" || return 1
        case $now in "running "[2-7]) return 0 ;; esac
        sleep 5
    done
    echo "no kill met the scan while it read the cloud"
    return 1
}

step5() {
    say "5. kill -9 of the cli worker in the middle of a scan"
    expect 0 "undisturbed scan" scan "$env"
    expect 0 "export" export_all calm "$env"
    expect 0 "disturbed scan completes by itself" killed_scan
    expect 0 "export" export_all killed "$env"
    expect 0 "both inventories are the same" same_all calm killed
    expect 0 "truth" truth "$env"
}

both_scans() {
    scan "$env" &
    local first=$! result=0
    scan "$env-2" || result=1
    wait "$first" || result=1
    return $result
}

step7() {
    say "7. two environments scanned at the same time do not mix"
    expect 0 "environment $env-2 is added" add_environment "$env-2"
    expect 0 "both scans complete" both_scans
    expect 0 "truth of $env" truth "$env"
    expect 0 "truth of $env-2" truth "$env-2"
    expect 0 "export" export_all first "$env"
    expect 0 "export" export_all second "$env-2"
    expect 0 "both are the same but for the name" same_all first second --as "$env-2=$env"
    expect 0 "environment $env-2 is removed" "$calipso" env remove "$env-2" --data --yes
}

# in_time N FILE: the last scan took less than N times the longest time one step of a login may take;
# its seconds and those of the scan before (in FILE) are told
in_time() {
    "$calipso" scan show last -f json >"$work/hung.json" &&
        "$calipso" config show -f json >"$work/settings.json" || return 1
    "$python" - "$work/hung.json" "$2" "$work/settings.json" "$1" <<'END'
import json, sys

scan, calm, settings = (json.load(open(name)) for name in sys.argv[1:4])
times = {s["setting"]: float(s["value"]) for s in settings if s["setting"].endswith("_timeout")}
timeout, often = times["ssh_connect_timeout"], int(sys.argv[4])
print(f"{scan['seconds']} s (undisturbed {calm['seconds']} s); ssh_connect_timeout {timeout:g} s: "
      f"{scan['seconds'] / timeout:.2f} timeouts, at most {often}")
sys.exit(0 if scan["seconds"] < often * timeout else 1)
END
}

# unreached_is HOST...: these are the hosts that the coverage report of the last scan says were not reached
unreached_is() {
    "$calipso" scan show last --coverage -f json >"$work/coverage.json" || return 1
    "$python" - "$work/coverage.json" "$@" <<'END'
import json, sys

unreached = {line["host"] for line in json.load(open(sys.argv[1])) if line["reached"] is False}
print("not reached, says the coverage report:", *sorted(unreached) or ["none"])
sys.exit(0 if unreached == set(sys.argv[2:]) else 1)
END
}

stephang() {
    say "hang. a host whose sshd accepts and never answers costs a timeout, and loses nothing"
    expect 0 "scan before" scan "$env"
    "$calipso" scan show last -f json >"$work/calm.json"
    expect 0 "export before" export_all before "$env"
    trap 'sshd resume' EXIT
    expect 0 "ssh server of $host hangs" sshd hang
    expect 3 "scan ends completed_with_errors" scan "$env"
    expect 0 "it ended within two timeouts" in_time 2 "$work/calm.json"
    expect 0 "export" export_all hung "$env"
    expect 0 "objects of $host are all there and stale" stale_are hung all
    expect 0 "one error, about $host, with a hint" one_error
    expect 0 "the coverage report names $host" unreached_is "$host"
    expect 0 "ssh server of $host goes on" sshd resume
    trap - EXIT
    expect 0 "scan ends completed" scan "$env"
    expect 0 "the coverage report names nobody" unreached_is
    expect 0 "export" export_all after "$env"
    expect 0 "nothing is stale any more" stale_are after none
    expect 0 "truth" truth "$env"
}

steps=("$@")
[ ${#steps[@]} -eq 0 ] && steps=(2 3 4 5 7 hang)
for step in "${steps[@]}"; do
    "step$step"
done
say "$failed steps failed; files are in $work"
[ "$failed" -eq 0 ]
