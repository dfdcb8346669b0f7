"""What is asked of each kind of source, as the product does it; and all hostile modes of each."""

from __future__ import annotations

import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calipso.api.auth.ldap_config import LdapConfig
from calipso.api.auth.ldap_directory import LdapDirectory
from calipso.errors import AccessError, CalipsoError, ErrorKind
from calipso.limits.calls import Bounds
from calipso.model.environment import MysqlSection, OpenStackSection
from calipso.model.ovn_section import OvnSection
from calipso.model.sections import AciSection
from calipso.settings import settings
from calipso.sources.aci.apic import Apic
from calipso.sources.amqp.brokers import Broker, broker_of
from calipso.sources.amqp.connection import FAILURES, connect, exchange_exists, failure
from calipso.sources.amqp.consumer import Consumer, Delivery
from calipso.sources.api.api_client import ApiClient
from calipso.sources.cli.known_hosts import KnownHosts
from calipso.sources.cli.ssh import Account
from calipso.sources.cli.ssh_login import connect as ssh_connect
from calipso.sources.db.db_pool import DbPool
from calipso.sources.ovn.by_network import read_by_network
from monitoring.runner.alerts import post
from tests.hostile import fake_amqp, fake_ldap, fake_ssh
from tests.hostile.fake_ovsdb import ovsdb_modes
from tests.hostile.fakes import Say, hostile, http_modes, mysql_modes
from tests.sample_cloud.serve.certificates import self_signed

PASSWORD = "pw-of-a"
ACCOUNT: dict[str, Any] = {"host": "127.0.0.1", "user": "a", "pwd": PASSWORD}
#: Seconds that an SSH connection may take: paramiko itself takes its time for keys.
SSH_SECONDS = 5.0

Call = Callable[[int], None]


def api(port: int) -> None:
    """A login at Keystone."""
    section = OpenStackSection(port=port, **ACCOUNT)
    ApiClient(section, settings(), lambda _what: None).catalogue()


def page(port: int) -> None:
    """A page of a list, as after a login."""
    section = OpenStackSection(port=port, **ACCOUNT)
    client = ApiClient(section, settings(), lambda _what: None)
    client.catalogue = lambda: [  # type: ignore[method-assign]
        {
            "type": "network",
            "endpoints": [
                {"interface": "public", "region": "one", "url": f"http://127.0.0.1:{port}"}
            ],
        }
    ]
    client._session.auth = None
    client.ask("network", "/v2.0/ports", region="one")


def database(port: int) -> None:
    """A query."""
    section = MysqlSection(port=port, connect_timeout=settings().db_timeout, **ACCOUNT)
    DbPool(section, settings(), lambda _what: None).query("SELECT id", [])


def ssh(port: int) -> None:
    """A command on a host."""
    with tempfile.TemporaryDirectory() as folder:
        known = KnownHosts(Path(folder) / "known_hosts", accept_new=True)
        account = Account("127.0.0.1", port, "a", PASSWORD)
        connection = ssh_connect(f"host-{port}", account, known, SSH_SECONDS)
        try:
            said = connection.execute("true", 2.0)
        finally:
            connection.close()
    if said.timed_out:
        raise AccessError(f"host-{port}: late", kind=ErrorKind.TIMEOUT, hint="wait")


def broker_at(port: int) -> Broker:
    """The broker of a section AMQP."""
    return broker_of(ACCOUNT | {"port": port})


def amqp_login(port: int) -> None:
    """A login at a broker."""
    _asked(port, question=False)


def amqp_question(port: int) -> None:
    """A question to a broker."""
    _asked(port, question=True)


def _asked(port: int, *, question: bool) -> None:
    broker = broker_at(port)
    try:
        with connect(broker) as connection:
            if question:
                exchange_exists(connection, "nova")
    except FAILURES as error:
        raise failure(broker, error) from error


def heard(port: int, stop: threading.Event) -> tuple[Consumer, list[Delivery]]:
    """A listener at a broker, which runs until `stop`; and what it was given."""
    found: list[Delivery] = []
    return Consumer(broker_at(port), "q", ["nova"], found.extend, lambda _: None, stop), found


def ldap_bind(port: int) -> None:
    """A password checked by a directory."""
    _role(f"ldap://127.0.0.1:{port}", start_tls=False)


def ldap_search(port: int) -> None:
    """A person looked for in a directory."""
    more = {"query_scope": "sub", "user": "cn=reader", "password": PASSWORD}
    _role(f"ldap://127.0.0.1:{port}", start_tls=False, **more)


def ldap_tls(port: int) -> None:
    """A password checked over TLS."""
    _role(f"ldaps://127.0.0.1:{port}", tls_req_cert="never")


def _role(url: str, **more: Any) -> None:
    people = {"user_id_attribute": "uid", "user_tree_dn": "ou=people"}
    LdapDirectory(LdapConfig.model_validate({"url": url, **people, **more})).role("ann", PASSWORD)


def ovn(port: int) -> None:
    """The databases of OVN by TCP."""
    place = f"tcp:127.0.0.1:{port}"
    section = OvnSection(name="OVN", nb_connection=place, sb_connection=place)
    section.timeout = max(1, round(2 * settings().api_timeout))
    read_by_network(section, lambda _what: None)


def aci(port: int) -> None:
    """The nodes of a fabric."""
    section = AciSection(port=port, insecure=True, **ACCOUNT)
    apic = Apic(section, Bounds(), settings().api_timeout)
    try:
        list(apic.each("fabricNode"))
    finally:
        apic.close()


def webhook(port: int) -> None:
    """An alert."""
    where = f"127.0.0.1:{port}"
    said = post({"url_secret": f"http://{where}/", "name": "w"}, {"a": 1}, "key")
    if said:
        raise AccessError(f"{where}: {said}", kind=ErrorKind.TIMEOUT, hint="It is sent again.")


@dataclass(frozen=True)
class Kind:
    """A kind of source, what is asked of it, and its hostile modes."""

    name: str
    call: Call
    modes: dict[str, Say]
    tls: bool = False


def kinds() -> list[Kind]:
    """All of them, but for what a listener is sent."""
    http = http_modes()
    return [
        Kind("Keystone", api, http),
        Kind("MySQL", database, mysql_modes()),
        Kind("SSH login", ssh, fake_ssh.login_modes()),
        Kind("SSH command", ssh, fake_ssh.command_modes()),
        Kind("AMQP login", amqp_login, fake_amqp.login_modes()),
        Kind("AMQP question", amqp_question, fake_amqp.question_modes()),
        Kind("LDAP bind", ldap_bind, fake_ldap.bind_modes()),
        Kind("LDAP search", ldap_search, fake_ldap.search_modes()),
        Kind("LDAP over TLS", ldap_tls, fake_ldap.handshake_modes()),
        Kind("OVN", ovn, ovsdb_modes()),
        Kind("APIC", aci, http, tls=True),
        Kind("Webhook", webhook, http),
    ]


def tls_context(folder: Path) -> ssl.SSLContext:
    """TLS of a server, with a certificate of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(folder / "server.pem"))
    return context


@contextmanager
def serving(kind: Kind, folder: Path) -> Iterator[dict[str, int]]:
    """A server for each mode of a kind; mode -> port."""
    tls = tls_context(folder) if kind.tls else None
    with ExitStack() as held:
        yield {mode: held.enter_context(hostile(say, tls)) for mode, say in kind.modes.items()}


def ended(call: Call, port: int) -> CalipsoError | None:
    """How a call ended: its error, or None when it was answered."""
    try:
        call(port)
    except CalipsoError as error:
        return error
    return None
