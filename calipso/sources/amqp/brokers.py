"""The brokers of an environment, from its section AMQP."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from calipso.errors import ConfigError
from calipso.model.environment import Environment
from calipso.model.sections import OtherSection

#: Seconds between two signs of life on a connection.
HEARTBEAT = 20
TOPICS = ("notifications", "versioned_notifications")


@dataclass(frozen=True)
class Broker:
    """One broker, or one virtual host of it. `servers` has its addresses, tried in turn."""

    name: str
    servers: tuple[tuple[str, int], ...]
    user: str
    pwd: str = field(repr=False)
    vhost: str
    use_tls: bool
    ca_file: str
    exchanges: tuple[str, ...] = ()
    topics: tuple[str, ...] = TOPICS
    heartbeat: int = HEARTBEAT

    @property
    def url(self) -> str:
        """Its address without secrets."""
        scheme = "amqps" if self.tls else "amqp"
        host, port = self.servers[0]
        shown = f"[{host}]" if ":" in host else host
        vhost = "" if self.vhost == "/" else self.vhost
        return f"{scheme}://{shown}:{port}/{vhost}"

    @property
    def tls(self) -> bool:
        """True when the connection is encrypted."""
        return self.use_tls or bool(self.ca_file)

    def tls_options(self, host: str) -> dict[str, Any] | bool:
        """Options of the connection: the certificate is checked, and its name."""
        if not self.tls:
            return False
        options: dict[str, Any] = {"server_hostname": host, "cert_reqs": ssl.CERT_REQUIRED}
        return options | ({"ca_certs": self.ca_file} if self.ca_file else {})


def brokers_of(environment: Environment) -> list[Broker]:
    """Return the brokers of an environment: that of section AMQP, and those of its `more`.

    Raises ConfigError when there is no such section.
    """
    for section in environment.configuration:
        if isinstance(section, OtherSection) and section.name == "AMQP":
            given = dict(section.model_extra or {})
            more = given.pop("more", None) or {}
            named = [("", given), *((name, given | part) for name, part in sorted(more.items()))]
            return [broker_of(part, name) for name, part in named]
    raise ConfigError(
        f"environment {environment.name}: no AMQP section",
        hint=f"calipso env set {environment.name} AMQP.host=... AMQP.user=... AMQP.pwd=...",
    )


def broker_of(given: Mapping[str, Any], name: str = "") -> Broker:
    """Return the broker of one section AMQP, given as its fields."""
    port = int(given["port"])
    servers = [(str(given["host"]), port)]
    servers += [_server(str(text), port) for text in given.get("failover") or ()]
    return Broker(
        name,
        tuple(servers),
        str(given["user"]),
        str(given["pwd"]),
        str(given.get("vhost") or "/"),
        bool(given.get("use_tls")),
        str(given.get("ca_file") or ""),
        tuple(given.get("exchanges") or ()),
        tuple(given.get("topics") or TOPICS),
        int(given.get("heartbeat") or HEARTBEAT),
    )


def _server(text: str, port: int) -> tuple[str, int]:
    """`host`, `host:port`, `[address]:port` or an IPv6 address."""
    if text.count(":") == 1 or text.startswith("["):
        host, _, number = text.rpartition(":")
        if number.isdecimal():
            return host.strip("[]"), int(number)
    return text.strip("[]"), port
