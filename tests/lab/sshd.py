#!/usr/bin/env python3
"""Stops or starts the ssh server of one lab host, or lets it hang, and waits until that is true.

    LAB_TOOLS=/path/of/lab sshd.py stop|start|hang|resume|status HOST

The lab's hosts keep their services running; so this asks the host's own process 1, through the
lab's library in LAB_TOOLS (or --lab), not to: a server killed by pid would be back in two seconds.
One that hangs is stopped by SIGSTOP: the kernel goes on accepting connections, nobody answers.
"""

from __future__ import annotations

import argparse
import importlib
import os
import socket
import sys
import time
from typing import Any

SERVER = ("/usr/sbin/sshd", "-D", "-e", "-f", "/etc/ssh/sshd_config")
PATIENCE = 20

#: What its port says after each of the orders.
STATES = {"stop": None, "start": True, "hang": False, "resume": True, "status": None}
SIGNALS = {"hang": "-STOP", "resume": "-CONT"}
WORDS = {True: "answers", False: "accepts and is silent", None: "does not answer"}


def greets(address: str) -> bool | None:
    """True if a server sends its version, False if it is silent, None if there is no server."""
    try:
        with socket.create_connection((address, 22), 2) as link:
            link.settimeout(2)
            return bool(link.recv(4))
    except TimeoutError:
        return False
    except OSError:
        return None


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=tuple(STATES))
    parser.add_argument("host")
    parser.add_argument("--lab", default=os.environ.get("LAB_TOOLS"), help="folder of the lab")
    args = parser.parse_args()
    if not args.lab:
        parser.error("give --lab or LAB_TOOLS: the folder with the lab's own tools")
    sys.path.insert(0, args.lab)
    sys.dont_write_bytecode = True
    lab: Any = importlib.import_module("lablib")
    address = lab.ip_of(args.host)
    if args.what == "stop":
        lab.ctl(args.host, {"op": "stop", "name": "sshd"})
    elif args.what == "start":
        lab.service(args.host, "sshd", *SERVER)
    elif args.what in SIGNALS:
        pid = lab.services(args.host)["sshd"]["pid"]
        lab.nse(args.host, "kill", SIGNALS[args.what], str(pid))
    end = time.monotonic() + PATIENCE
    while args.what != "status" and greets(address) is not STATES[args.what]:
        if time.monotonic() > end:
            print(f"{args.host}: sshd did not {args.what} in {PATIENCE} s", file=sys.stderr)
            return 1
        time.sleep(0.2)
    print(f"{args.host}: sshd {WORDS[greets(address)]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
