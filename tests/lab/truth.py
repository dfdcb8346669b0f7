#!/usr/bin/env python3
"""Compares the inventory with what is really there, and says every difference.

It asks the cloud and the hosts by itself (OpenStack API, and over ssh `virsh`, `ovs-vsctl`,
`ip`, `lldpctl`, `/sys`) and takes from calipso only what its command line prints:

    truth.py --env lab --ssh-config ~/.ssh/config          # OS_* variables as for openstack
    truth.py --inventory-json i.json --links-json l.json --cliques-json c.json --ssh-config ...

Exit code 0: nothing missing, nothing extra, nothing different.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import expect_ovn
from ask_cloud import Cloud, CloudFacts
from ask_hosts import HostFacts, ask_all
from ask_ovn import OvnFacts, ask_ovn
from compare import Result, compare_cliques, compare_links, compare_objects
from expect import Expected
from expect_links import links
from expect_objects import hosts_of, objects

Row = dict[str, Any]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--env", help="environment name in calipso")
    parser.add_argument("--calipso", default="calipso", help="the command (default: calipso)")
    for what in ("inventory", "links", "cliques"):
        parser.add_argument(f"--{what}-json", help=f"file instead of asking calipso for {what}")
    parser.add_argument("--ssh-config", default=os.environ.get("LAB_SSH_CONFIG", "~/.ssh/config"))
    parser.add_argument(
        "--hosts", nargs="*", default=[], metavar="NAME=ADDRESS", help="address of a host"
    )
    parser.add_argument("--auth-url", help="instead of OS_AUTH_URL")
    parser.add_argument("--user", help="instead of OS_USERNAME")
    parser.add_argument("--password-file", help="instead of OS_PASSWORD")
    parser.add_argument("--ovn-host", default="controller-1", help="host of OVN's databases")
    parser.add_argument(
        "--only-truth", action="store_true", help="print the truth as JSON and stop"
    )
    return parser.parse_args()


def ask_calipso(args: argparse.Namespace, noun: str, file: str | None) -> list[Row]:
    """Documents as the command line prints them, or from a file of the same shape."""
    if file:
        text = Path(file).read_text(encoding="utf-8")
    else:
        command = [args.calipso, noun, "list", "--env", args.env, "-f", "json", "--limit", "0"]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return list(json.loads(text))


def with_ovn(
    cloud: CloudFacts, facts: dict[str, HostFacts], ovn: OvnFacts
) -> tuple[list[Expected], list[Expected]]:
    """Objects and links of a cloud on OVN."""
    for host in expect_ovn.ovn_hosts(cloud):
        said = facts[host]
        said.switch, said.networks = "OVN", expect_ovn.present(cloud, ovn, host)
        said.tunnel_ip, said.mappings = ovn.tunnel_ip(host), ovn.mappings(host)
    truth = expect_ovn.words(cloud, ovn, objects(cloud, facts))
    truth += expect_ovn.objects(cloud, facts, ovn)
    return truth, links(cloud, facts) + list(expect_ovn.links(cloud, facts, ovn))


def print_table(results: list[Result]) -> None:
    columns = ("type", "truth", "found", "missing", "extra", "different")
    rows = [
        (r.kind, r.truth, r.found, len(r.missing), len(r.extra), len(r.different)) for r in results
    ]
    print(f"{columns[0]:28}" + "".join(f"{name:>11}" for name in columns[1:]))
    for row in rows:
        print(f"{row[0]:28}" + "".join(f"{number:11}" for number in row[1:]))
    totals = [sum(int(row[i]) for row in rows) for i in range(1, 6)]
    print(f"{'TOTAL':28}" + "".join(f"{number:11}" for number in totals))


def main() -> int:
    args = arguments()
    for variable, value in (
        ("OS_AUTH_URL", args.auth_url),
        ("OS_USERNAME", args.user),
        ("OS_PASSWORD_FILE", args.password_file),
    ):
        if value:
            os.environ[variable] = value
    cloud = CloudFacts(Cloud.from_environment())
    addresses = dict(pair.split("=", 1) for pair in args.hosts)
    names = {host: addresses.get(host) for host in sorted(hosts_of(cloud))}
    config = str(Path(args.ssh_config).expanduser())
    facts = ask_all(names, config)
    if on := expect_ovn.ovn_hosts(cloud):
        truth, touching = with_ovn(cloud, facts, ask_ovn(args.ovn_host, names, config, on))
    else:
        truth, touching = objects(cloud, facts), links(cloud, facts)
    if args.only_truth:
        both = {"objects": truth, "links": touching}
        print(
            json.dumps(
                {k: [(e.kind, e.id, e.checks) for e in v] for k, v in both.items()},
                indent=1,
                default=str,
            )
        )
        return 0
    inventory = ask_calipso(args, "inventory", args.inventory_json)
    found_links = ask_calipso(args, "link", args.links_json)
    cliques = ask_calipso(args, "clique", args.cliques_json)
    results = compare_objects(truth, inventory)
    results += compare_links(touching, found_links)
    results += compare_cliques(cloud, facts, inventory, found_links, cliques)
    print_table(results)
    for result in results:
        for word, items in (
            ("missing", result.missing),
            ("extra", result.extra),
            ("different", result.different),
        ):
            for item in items:
                print(f"{word}: {result.kind}: {item}")
    return 0 if all(result.right for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
