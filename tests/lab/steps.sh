# Sourced by the scripts that change a real OpenStack one step after the other and put it back.
# `undo` is the command that puts the current step back; it also runs when the script ends.
set -uo pipefail

env=${LAB_ENV:-lab}
python=${PYTHON:-python3}
calipso=${CALIPSO:-calipso}
failed=0
undo=:
: "${LAB_SSH_CONFIG:?}" "${OS_AUTH_URL:?}" "${OS_PASSWORD:?}"
command -v "$calipso" >/dev/null || { echo "no $calipso" >&2; exit 2; }

put_back() { eval "$undo"; undo=:; }
trap put_back EXIT

# expect WHAT COMMAND...: run it, print one line
expect() {
    local what=$1
    shift
    if "$@"; then printf 'PASS  %s\n' "$what"; else
        printf 'FAIL  %s\n' "$what"
        failed=$((failed + 1))
    fi
}

# steps STEP...: each is a function of the script; ends with the number of those that failed
steps() {
    local step
    for step in "$@"; do
        printf '\n=== %s\n' "$step"
        "$step"
    done
    printf '\n%d failed\n' "$failed"
    exit "$failed"
}
