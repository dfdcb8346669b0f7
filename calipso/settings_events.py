"""Settings of events: what is taken of the notifications of clouds, and how it is looked at."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class EventSettings(BaseSettings):
    """Listeners, looks, retention."""

    event_quiet: float = Field(
        default=1.0,
        ge=0,
        description="Seconds without another event of a thing before it is looked at: one action "
        "of a user makes several events.",
    )
    event_longest_wait: float = Field(
        default=10.0,
        ge=0,
        description="Seconds after which a thing is looked at although events of it go on.",
    )
    event_settle: float = Field(
        default=15.0,
        ge=0,
        description="Seconds until the second look at what a cloud does some time after its "
        "event: devices, namespaces, states of ports.",
    )
    event_attempts: int = Field(
        default=10,
        ge=1,
        description="How often something that an event names is tried before it is given up and "
        "listed by `calipso events dead`.",
    )
    event_hosts: int = Field(
        default=10,
        ge=1,
        description="Hosts that one look after events reads; the others wait for the next look.",
    )
    event_keys: int = Field(
        default=5000,
        ge=10,
        description="Things of one environment that may wait for a look. With more, one scan of "
        "the whole inventory takes their place.",
    )
    event_share: float = Field(
        default=0.3,
        gt=0,
        le=1,
        description="Share of the hosts (of more than 20) that events may name before one scan of "
        "the whole inventory takes the place of the single looks.",
    )
    event_bytes: int = Field(
        default=1_000_000,
        ge=1000,
        description="Bytes that a message of a cloud may have; a larger one is counted as invalid.",
    )
    event_queue_length: int = Field(
        default=100_000,
        ge=100,
        description="Messages that wait at most in the queue of a listener that is away. The "
        "broker drops the oldest ones beyond that, and the listener compares lists afterwards.",
    )
    event_queue_expires: int = Field(
        default=86_400,
        ge=60,
        description="Seconds after which the broker removes the queue of a listener that is away.",
    )

    retention_days_events: float = Field(
        default=7.0, description="Days the events of clouds are kept. 0: for ever."
    )
    retention_days_event_scans: float = Field(
        default=2.0,
        description="Days the scans that events asked for are kept: there are many of them. "
        "Their changes are kept as all changes are. 0: as long as other scans.",
    )
