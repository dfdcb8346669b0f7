"""Events: what a notification asks to look at again, and the states of messages and listeners."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a key names; the id of a key is the id that the cloud uses."""

    INSTANCE = "instance"
    PORT = "port"
    NETWORK = "network"
    ROUTER = "router"
    HOST = "host"
    PROJECT = "project"
    SECURITY_GROUP = "security_group"
    FLOATING_IP = "floating_ip"
    AGGREGATES = "aggregates"  # all of them; the key has no id
    MESSAGE = "message"  # a handler of one's own runs for this message
    RECONCILE = "reconcile"  # compare the lists of the API with the inventory
    EVERYTHING = "everything"  # an ordinary scan of the whole inventory


@dataclass(frozen=True)
class Target:
    """Something to look at again.

    `hosts` and `networks` are those that the notification names; they matter while the inventory
    does not know the object. `deep` asks for the hosts of the object too. `looks` is the number of
    further looks, for what the cloud does some seconds after it has sent the notification.
    """

    scope: Scope
    id: str = ""
    hosts: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    deep: bool = False
    looks: int = 0

    @property
    def key(self) -> str:
        """The key without its environment: `instance:<id>`."""
        return f"{self.scope}:{self.id}"


def merged(targets: Iterable[Target]) -> list[Target]:
    """Return one target for each key, with what all of them name."""
    found: dict[str, Target] = {}
    for target in targets:
        known = found.get(target.key, target)
        found[target.key] = Target(
            target.scope,
            target.id,
            tuple(dict.fromkeys((*known.hosts, *target.hosts))),
            tuple(dict.fromkeys((*known.networks, *target.networks))),
            known.deep or target.deep,
            max(known.looks, target.looks),
        )
    return list(found.values())


class MessageState(StrEnum):
    """What came of a message."""

    WAITING = "waiting"  # it is stored, and what it names is not looked at yet
    LOOKED = "looked"  # looked at once; another look follows
    DONE = "done"
    FAILED = "failed"  # its handler refused it
    DEAD = "dead"  # tried so often that nothing tries it again by itself


class ListenerState(StrEnum):
    """What a listener does."""

    RUNNING = "running"
    WAITING = "waiting"  # for an exchange, the broker, a first scan, or another manager
    ERROR = "error"
    STOPPED = "stopped"


#: What is counted of messages.
RESULTS = ("handled", "unmapped", "invalid", "duplicate", "failed")
