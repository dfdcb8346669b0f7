"""Serve a sample cloud on loopback: `python -m tests.sample_cloud --hosts 5 --instances 10`.

Prints one JSON line with addresses, credentials and an environment document for
`calipso env add --file`, then serves until it is told to stop.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import signal
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from .cloud import Cloud
from .environment import environment
from .generate.generated import GeneratedCloud
from .generate.identity import SECOND_REGION
from .generate.params import MECHANISMS, MESHES, TYPE_DRIVERS, CloudParams
from .profiles import PROFILES
from .profiles.cloud import ProfileCloud
from .recorded import RecordedCloud
from .serve.apic import ApicServer, Objects
from .serve.certificates import self_signed
from .serve.faults import KINDS, Faults
from .serve.http import ApiServer
from .serve.keys import write_private_key
from .serve.mysql import DatabaseServer
from .serve.notifier import Notifier
from .serve.ssh import SshServer
from .serve.stage import Account, Stage


def parser() -> argparse.ArgumentParser:
    """The command line."""
    faults = "\n".join(f"  {kind:18} {text}" for kind, text in KINDS.items())
    made = argparse.ArgumentParser(
        prog="python -m tests.sample_cloud",
        description=(__doc__ or "").split("\n\n")[0],
        epilog=f"faults (kind:target[=value][#times]):\n{faults}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    defaults = CloudParams()
    made.add_argument("--recorded", metavar="FOLDER", help="serve a recorded cloud")
    made.add_argument("--profile", metavar="NAME", help=f"serve one of {', '.join(PROFILES)}")
    for name, text in {
        "hosts": "hosts of all kinds",
        "instances": "instances",
        "networks": "networks, the external one among them",
        "projects": "tenant projects (0: follows from the networks)",
        "ports-extra": "ports bound to nothing (-1: follows from the instances)",
        "seed": "the same seed gives the same cloud",
    }.items():
        default = getattr(defaults, name.replace("-", "_"))
        made.add_argument(f"--{name}", type=int, default=default, metavar="N", help=text)
    made.add_argument("--mechanism", choices=MECHANISMS, default=defaults.mechanism)
    made.add_argument("--mesh", choices=MESHES, default=defaults.mesh, help="of tunnels")
    made.add_argument(
        "--type-drivers", default=",".join(TYPE_DRIVERS), metavar="LIST", help="vxlan,vlan,flat"
    )
    made.add_argument("--latency", type=float, default=0, metavar="MS", help="per request")
    made.add_argument("--troubles", action="store_true", help="plant faults, named in the state")
    made.add_argument("--direct", action="store_true", help="hosts listen at own addresses")
    made.add_argument("--second-region", action="store_true", help="with hosts of the same names")
    made.add_argument("--ssh-user", default="root", help="not root: commands come with sudo")
    made.add_argument("--ssh-key", metavar="FILE", help="write the key that may log in, and use it")
    made.add_argument("--fault", action="append", default=[], metavar="KIND:TARGET")
    made.add_argument("--amqp", metavar="URL", help="send notifications of changes to this broker")
    made.add_argument("--name", default="sample", help="name of the environment")
    made.add_argument("--state", metavar="FILE", help="also write the JSON there")
    made.add_argument("--for-seconds", type=float, metavar="S", help="stop by itself")
    made.add_argument("--check", action="store_true", help="check these flags only, serve nothing")
    made.add_argument(
        "--until-stdin-closes", action="store_true", help="stop when the parent process goes"
    )
    return made


def cloud_of(options: argparse.Namespace) -> Cloud:
    """The cloud the command line asks for."""
    if options.recorded:
        return RecordedCloud(Path(options.recorded))
    if options.profile:
        return ProfileCloud(options.profile, options.seed)
    return GeneratedCloud(
        CloudParams(
            hosts=options.hosts,
            instances=options.instances,
            networks=options.networks,
            projects=options.projects,
            ports_extra=options.ports_extra,
            seed=options.seed,
            mechanism=options.mechanism,
            mesh=options.mesh,
            type_drivers=tuple(options.type_drivers.split(",")),
            troubles=options.troubles,
            direct=options.direct,
        )
    )


def serve(options: argparse.Namespace) -> dict[str, Any]:
    """Start the three servers; returns what clients need to know about them."""
    stage = Stage(cloud_of(options), latency=options.latency / 1000, faults=Faults(options.fault))
    stage.ssh = Account(options.ssh_user, stage.ssh.password)
    stage.notifier = Notifier(options.amqp) if options.amqp else None
    api, database = ApiServer(stage), DatabaseServer(stage)
    ssh = SshServer(stage, direct=options.direct)
    if options.ssh_key:
        write_private_key("client key", Path(options.ssh_key))
    for server in (api, database, ssh):
        server.start()
    second = second_region(options, api) if options.second_region else {}
    document = environment(
        stage,
        options.name,
        api_port=api.port,
        db_port=database.port,
        ssh_port=ssh.port,
        host_port=ssh.host_port,
        key=options.ssh_key or "",
    )
    if stage.cloud.fabric:
        document = _apic(stage.cloud.fabric).added_to(document)
    return {
        "pid": os.getpid(),
        "environment": document,
        "control": f"{api.base}/_control",
        "auth_url": f"{api.base}/v3",
        "mysql": {"host": "127.0.0.1", "port": database.port},
        "ssh": {"host": "127.0.0.1", "port": ssh.port, "gateway": ssh.gateway},
        "summary": stage.cloud.summary(),
        "second_region": second,
        "troubles": list(stage.cloud.troubles),
    }


def _apic(fabric: Objects) -> ApicServer:
    """The controller of the fabric that the hosts are on."""
    with tempfile.TemporaryDirectory() as folder:
        server = ApicServer(self_signed(Path(folder, "apic.pem")), fabric)
    server.start()
    return server


def second_region(options: argparse.Namespace, first: ApiServer) -> dict[str, Any]:
    """One more region behind the same login; its hosts have the names of the first one's."""
    if options.recorded:
        raise ValueError("--second-region: for generated clouds only")
    options.seed += 1
    cloud, owner = cloud_of(options), first.stage.cloud
    assert isinstance(cloud, GeneratedCloud)
    assert isinstance(owner, GeneratedCloud)
    cloud.region = SECOND_REGION
    owner.regions = (owner.region, cloud.region)
    api = ApiServer(replace(first.stage, cloud=cloud))
    api.keystone = first.keystone
    first.keystone.more_regions[cloud.region] = api.base
    api.start()
    return {
        "region": cloud.region,
        "control": f"{api.base}/_control",
        "instances": [instance.id for instance in cloud.plan.instances],
    }


def check(made: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """0 if a cloud with these flags can be served; else the program ends and says why."""
    try:
        Faults(options.fault)
        cloud_of(options)
    except (ValueError, OSError) as error:
        made.error(str(error))
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM, SIGINT, the end of the time or of standard input."""
    made = parser()
    options = made.parse_args(arguments)
    if options.check:
        return check(made, options)
    # not an Event: its set() in a handler waits for ever when the signal comes within its wait()
    stop: queue.SimpleQueue[None] = queue.SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.put(None))
    try:
        state = serve(options)
    except (ValueError, OSError) as error:
        made.error(str(error))
    line = json.dumps(state)
    if options.state:
        target = Path(options.state)
        waiting = target.with_name(f".{target.name}.{os.getpid()}")
        waiting.touch(mode=0o600)
        waiting.write_text(line + "\n", encoding="utf-8")
        waiting.replace(target)
    print(line, flush=True)
    if options.until_stdin_closes:
        threading.Thread(target=_wait_for_end, args=(stop,), daemon=True).start()
    with contextlib.suppress(queue.Empty):
        stop.get(timeout=options.for_seconds)
    return 0


def _wait_for_end(stop: queue.SimpleQueue[None]) -> None:
    sys.stdin.read()
    stop.put(None)


if __name__ == "__main__":
    # The servers' threads hold nothing that needs an orderly end.
    status = main()
    sys.stdout.flush()
    os._exit(status)
