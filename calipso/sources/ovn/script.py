"""The question to a controller: one dump of the northbound, one query of the southbound database.

    == server nb unix:/run/ovn/ovnnb_db.sock     what the server says of itself, a JSON table
    == nb 7.0.0                                  a JSON table a line, all tables of one moment
    == server sb unix:/run/ovn/ovnsb_db.sock
    == sb 20.27.0 Chassis Encap ...              the answers of one transaction, in this order

A column that a release lacks is an error for its whole table, so the script first asks for the
columns that are there. `--timeout` ends each client: without it they wait for ever for a server
that accepts and does not answer. The client on a follower of a cluster answers too (`dump` and
`query` do not ask for the leader).
"""

from __future__ import annotations

import shlex

from calipso.model.ovn_section import OvnSection
from calipso.model.ovn_tables import NORTHBOUND, SB_TABLES, SERVER_COLUMNS, SOUTHBOUND

NAME = "ovn_databases"
TOOL = "ovsdb-client"
HINT = (
    "The databases of OVN are asked on a controller. Section OVN of the environment names the "
    "hosts, the sockets, a prefix such as `docker exec ovn_nb_db`, or addresses by TCP or SSL."
)

#: Where packages and containers have the sockets; older packages had those of Open vSwitch.
FOLDERS = (
    "/run/ovn",
    "/var/run/ovn",
    "/var/lib/openvswitch/ovn",
    "/var/snap/microovn/common/run/ovn",
    "/run/openvswitch",
    "/var/run/openvswitch",
)

_TEXT = """\
c={client}
socket() {{
  for d in {folders}; do [ ! -S "$d/$1" ] || {{ echo "$d/$1"; return; }}; done
  echo "no socket $1 in {folders}" >&2; return 1
}}
{probe}n={nb}
b={sb}
server() {{
  printf '\\n== server %s unix:%s\\n' "$1" "$2"
  $c -f json dump "unix:$2" _Server Database {server} 2>/dev/null || :
}}
version() {{ $c get-schema-version "unix:$1" "$2" 2>/dev/null || echo unknown; }}
server nb "$n"
printf '\\n== nb %s\\n' "$(version "$n" {northbound})"
$c -f json dump "unix:$n" {northbound} || exit
server sb "$b"
w={wanted}
l=$($c list-columns "unix:$b" {southbound}) || exit
q= t= o=
while read -r k v r; do
  case "$w" in *" $k.$v "*) ;; *) continue;; esac
  if [ "$k" != "$t" ]; then
    [ -z "$t" ] || q="$q]}},"
    t=$k o="$o $k"
    q="$q"'{{"op":"select","where":[],"table":"'"$k"'","columns":["_uuid"'
  fi
  q="$q,\\"$v\\""
done <<EOF
$l
EOF
printf '\\n== sb %s%s\\n' "$(version "$b" {southbound})" "$o"
$c query "unix:$b" '["{southbound}",'"$q]}}]"
"""
_PROBE = f"""\
command -v {TOOL} >/dev/null 2>&1 || {{ echo "{TOOL}: not found" >&2; exit 127; }}
"""


def databases(section: OvnSection | None = None) -> tuple[str, str]:
    """Return the script, and the tool that decides in which container it runs ("": in none)."""
    section = section or OvnSection()
    prefix = f"{section.command_prefix} " if section.command_prefix else ""
    wanted = "".join(f" {t}.{c} " for t, columns in SB_TABLES.items() for c in columns)
    text = _TEXT.format(
        client=shlex.quote(f"{prefix}{TOOL} --timeout={section.timeout}"),
        folders=" ".join(FOLDERS),
        probe="" if prefix else _PROBE,
        nb=_socket(section.nb_socket, "ovnnb_db.sock"),
        sb=_socket(section.sb_socket, "ovnsb_db.sock"),
        server=" ".join(SERVER_COLUMNS),
        northbound=NORTHBOUND,
        southbound=SOUTHBOUND,
        wanted=shlex.quote(wanted),
    )
    return text, "" if prefix else TOOL


def _socket(given: str, name: str) -> str:
    return shlex.quote(given) if given else f"$(socket {name}) || exit"
