#!/usr/bin/env python3
"""Stops or starts the ssh server of one lab host, and waits until that is true.

    LAB_TOOLS=/path/of/lab sshd.py stop|start|status HOST

The lab's hosts keep their services running; so this asks the host's own process 1, through the
lab's library in LAB_TOOLS (or --lab), not to: a server killed by pid would be back in two seconds.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from typing import Any

SERVER = ("/usr/sbin/sshd", "-D", "-e", "-f", "/etc/ssh/sshd_config")
PATIENCE = 20


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=("stop", "start", "status"))
    parser.add_argument("host")
    parser.add_argument("--lab", default=os.environ.get("LAB_TOOLS"), help="folder of the lab")
    args = parser.parse_args()
    if not args.lab:
        parser.error("give --lab or LAB_TOOLS: the folder with the lab's own tools")
    sys.path.insert(0, args.lab)
    sys.dont_write_bytecode = True
    lab: Any = importlib.import_module("lablib")
    if args.what == "stop":
        lab.ctl(args.host, {"op": "stop", "name": "sshd"})
    elif args.what == "start":
        lab.service(args.host, "sshd", *SERVER)
    wanted = args.what == "start"
    end = time.monotonic() + PATIENCE
    while args.what != "status" and lab.tcp(lab.ip_of(args.host), 22) != wanted:
        if time.monotonic() > end:
            print(f"{args.host}: sshd did not {args.what} in {PATIENCE} s", file=sys.stderr)
            return 1
        time.sleep(0.2)
    answers = lab.tcp(lab.ip_of(args.host), 22)
    print(f"{args.host}: sshd {'answers' if answers else 'does not answer'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
