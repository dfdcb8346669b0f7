"""Clients of a sample cloud, as short as tests want them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import paramiko
import pymysql
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from calipso.sources.cli.bundle import Question, Section, compose, parse_output
from calipso.sources.cli.commands import COMMANDS
from tests.sample_cloud import RunningCloud


def api(cloud: RunningCloud, password: str = "") -> Session:
    """A session of the administrator."""
    section = cloud.section("OpenStack")
    return Session(
        v3.Password(
            auth_url=cloud.state["auth_url"],
            username=section["user"],
            password=password or section["pwd"],
            project_name=section["admin_project"],
            user_domain_name="Default",
            project_domain_name="Default",
        ),
        timeout=10,
    )


def ask(cloud: RunningCloud, service: str, path: str, microversion: str | None = None) -> Any:
    """The JSON answer to a GET."""
    answer = api(cloud).get(
        path, endpoint_filter={"service_type": service}, microversion=microversion
    )
    return answer.json()


def all_pages(cloud: RunningCloud, service: str, path: str, key: str) -> list[list[dict[str, Any]]]:
    """The pages of a list, following the links."""
    session = api(cloud)
    url: str | None = f"{session.get_endpoint(service_type=service)}{path}"
    pages = []
    while url:
        body = session.get(url).json()
        pages.append(body[key])
        links = [link["href"] for link in body.get(f"{key}_links", ()) if link["rel"] == "next"]
        url = links[0] if links else None
    return pages


@contextmanager
def database(cloud: RunningCloud, password: str = "") -> Iterator[pymysql.cursors.DictCursor]:
    """A cursor whose rows are dicts."""
    section = cloud.section("mysql")
    connection = pymysql.connect(
        host=section["host"],
        port=section["port"],
        user=section["user"],
        password=password or section["pwd"],
        connect_timeout=5,
        read_timeout=10,
        cursorclass=pymysql.cursors.DictCursor,
    )
    with connection, connection.cursor() as cursor:
        yield cursor


def rows(cloud: RunningCloud, sql: str, *values: Any) -> list[dict[str, Any]]:
    """The rows of one query on a connection of its own."""
    with database(cloud) as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


@dataclass(frozen=True)
class Said:
    """What a single command line said."""

    out: bytes
    err: bytes
    status: int


class Ssh:
    """A logged-in connection."""

    def __init__(self, transport: paramiko.Transport) -> None:
        self.transport = transport

    def run(self, command: str, timeout: float = 10) -> Said:
        channel = self.transport.open_session(timeout=timeout)
        channel.settimeout(timeout)
        channel.exec_command(command)
        out = channel.makefile("rb").read()
        err = channel.makefile_stderr("rb").read()
        return Said(out, err, channel.recv_exit_status())

    def bundle(self, *names: str) -> dict[str, Section]:
        """The answers to the commands of the fetchers, or to some of them."""
        script = compose(
            Question(command.name, command.text, 1)
            for command in COMMANDS
            if not names or command.name in names
        )
        said = self.run(script.command_line(sudo=False))
        return parse_output(script, said.out.decode("utf-8", "replace"), said.err.decode())


def login(sock: Any, user: str, password: str, key: paramiko.PKey | None = None) -> Ssh:
    """An SSH connection on a socket or channel."""
    transport = paramiko.Transport(sock)
    transport.banner_timeout = 2
    try:
        transport.start_client(timeout=10)
        if key is not None:
            transport.auth_publickey(user, key)
        else:
            transport.auth_password(user, password)
    except BaseException:
        transport.close()
        if transport.is_alive():
            transport.join(10)  # its thread closes the channel: before the gateway goes
        raise
    return Ssh(transport)


@contextmanager
def gateway(cloud: RunningCloud) -> Iterator[Ssh]:
    """A connection to the gateway."""
    section = cloud.section("CLI")
    sock = socket.create_connection((section["host"], section["port"]), timeout=10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection = login(sock, section["user"], section["pwd"])
    try:
        yield connection
    finally:
        connection.transport.close()


@contextmanager
def host(cloud: RunningCloud, name: str) -> Iterator[Ssh]:
    """A connection to a host, through the gateway."""
    section = cloud.section("CLI")
    with gateway(cloud) as first:
        channel = first.transport.open_channel(
            "direct-tcpip", (name, 22), ("127.0.0.1", 0), timeout=3
        )
        connection = login(channel, section["user"], section["pwd"])
        try:
            yield connection
        finally:
            connection.transport.close()
