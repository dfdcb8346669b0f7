"""What the three servers share: the cloud, who may log in, faults, counters, latency."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..cloud import Cloud
from .counts import Counts
from .faults import Faults
from .notifier import Notifier


@dataclass(frozen=True)
class Account:
    """A user of one of the servers."""

    user: str
    password: str


@dataclass
class Stage:
    """The cloud that is served and how it behaves."""

    cloud: Cloud
    api: Account = Account("admin", "sample-secret")
    db: Account = Account("scanner", "sample-secret")
    ssh: Account = Account("root", "sample-secret")
    latency: float = 0.0  # seconds added to each request, query, connection and command
    faults: Faults = field(default_factory=Faults)
    counts: Counts = field(default_factory=Counts)
    #: public keys (base64) that may log in by SSH
    ssh_keys: set[str] = field(default_factory=set)
    #: sends notifications of changes to a broker
    notifier: Notifier | None = None
