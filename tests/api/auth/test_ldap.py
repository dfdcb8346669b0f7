"""Passwords of a directory: a real slapd, and what is no good directory."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calipso.api.app import create_app
from calipso.api.auth import login, recent_logins
from calipso.api.auth.ldap_config import read_ldap_config
from calipso.api.auth.ldap_directory import LdapDirectory
from calipso.api.auth.recent_logins import RecentLogins
from calipso.errors import ConfigError
from calipso.model.user import Origin, Role, User
from calipso.settings import settings
from calipso.stores.people.audit_store import AuditStore
from calipso.stores.people.user_store import UserStore
from tests.api.auth.slapd_server import (
    GROUPS,
    PEOPLE,
    READER,
    READER_PASSWORD,
    SUFFIX,
    USERS,
    Slapd,
    missing,
)
from tests.api.auth.test_tokens import URL, basic, exchange, log_in, who

#: ldap3 uses names of pyasn1 that have newer ones.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ldap3.*")

Configure = Callable[..., FlaskClient]

NO_SLAPD = pytest.mark.skipif(bool(missing()), reason=missing())


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """The directory."""
    server = Slapd(tmp_path_factory.mktemp("slapd"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def configure(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """A client of an API with this directory: `configure(url=..., tls_req_cert="never")`."""

    def client(**values: object) -> FlaskClient:
        known = {"user_id_attribute": "uid", "user_tree_dn": PEOPLE, **values}
        path = tmp_path / "ldap.conf"
        path.write_text("".join(f"{key} {value}\n" for key, value in known.items()))
        monkeypatch.setenv("CALIPSO_LDAP_CONFIG", str(path))
        monkeypatch.setenv("CALIPSO_LDAP_TIMEOUT", "2")
        settings.cache_clear()
        monkeypatch.setattr(login, "RECENT", RecentLogins())
        return app.test_client()

    return client


@NO_SLAPD
@pytest.mark.parametrize("scheme", ["ldap with StartTLS", "ldaps"])
def test_a_person_of_the_directory_logs_in_and_may_see_nothing_at_first(
    configure: Configure, slapd: Slapd, scheme: str
) -> None:
    url = slapd.tls_url if scheme == "ldaps" else slapd.url
    client = configure(url=url, tls_cacertfile=slapd.pem)

    answer = log_in(client, "Anna", "anna-pass")
    assert answer.status_code == 201
    me = who(client, answer.json["token"]).json
    assert (me["name"], me["role"], me["grants"]) == ("anna", "viewer", {})
    assert UserStore().get("anna").origin is Origin.LDAP
    assert log_in(client, "anna", "wrong one").status_code == 401
    assert log_in(client, "nobody", "anna-pass").status_code == 401
    assert client.get(URL, headers=basic("anna", "anna-pass")).json["method"] == "basic"


@NO_SLAPD
@pytest.mark.parametrize("scope", ["one", "sub"])
@pytest.mark.parametrize("name", sorted(USERS.keys() - {"admin", "dora", "Edda"}))
def test_names_are_escaped_in_dns_and_filters(
    configure: Configure, slapd: Slapd, name: str, scope: str
) -> None:
    account = {"user": READER, "password": READER_PASSWORD} if scope == "sub" else {}
    client = configure(url=slapd.url, tls_cacertfile=slapd.pem, query_scope=scope, **account)

    assert log_in(client, name, USERS[name][1]).json["user"] == name


@NO_SLAPD
@pytest.mark.parametrize(
    "name",
    [
        "*",
        "a*",
        "anna)(uid=ben",
        "anna,ou=People",
        f"anna,{PEOPLE}",
        "anna\x00",
        "",
        " ",
        "an\u00adna",  # a soft hyphen: the directory would not see it
        "ann\u034fa",
    ],
)
@pytest.mark.parametrize("scope", ["one", "sub"])
def test_what_is_no_name_finds_nobody(
    configure: Configure, slapd: Slapd, name: str, scope: str
) -> None:
    client = configure(
        url=slapd.url,
        tls_cacertfile=slapd.pem,
        query_scope=scope,
        user=READER,
        password=READER_PASSWORD,
    )

    assert log_in(client, name, "anna-pass").status_code == 401
    assert UserStore().all() == []


@NO_SLAPD
def test_people_of_other_branches_are_found_by_scope_sub_only(
    configure: Configure, slapd: Slapd
) -> None:
    known = {"url": slapd.url, "tls_cacertfile": slapd.pem, "user_tree_dn": SUFFIX}
    account = {"user": READER, "password": READER_PASSWORD}

    sub = configure(**known, **account, query_scope="sub")
    assert log_in(sub, "dora", "dora-pass").status_code == 201
    assert log_in(sub, "dora", "anna-pass").status_code == 401
    assert log_in(sub, "nobody", "dora-pass").status_code == 401
    one = configure(**known, **account, query_scope="one")
    assert log_in(one, "dora", "dora-pass").status_code == 401


def test_an_empty_password_is_refused_before_anything_is_asked(configure: Configure) -> None:
    client = configure(url="ldaps://127.0.0.1:1")

    assert log_in(client, "anna", "").status_code == 401
    assert log_in(client, "anna", "something").status_code == 503


@NO_SLAPD
def test_a_local_user_cannot_be_taken_over_by_the_directory(
    configure: Configure, slapd: Slapd
) -> None:
    UserStore().add(User(name="admin", role=Role.ADMIN), "local-admin-pass")
    UserStore().add(User(name="ben", role=Role.ADMIN, disabled=True))
    client = configure(url=slapd.url, tls_cacertfile=slapd.pem)

    assert log_in(client, "admin", "directory-admin-pass").status_code == 401
    assert log_in(client, "ADMIN", "directory-admin-pass").status_code == 401
    assert log_in(client, "ben", "ben-pass").status_code == 401
    assert log_in(client, "admin", "local-admin-pass").status_code == 201


@NO_SLAPD
def test_a_disabled_person_of_the_directory_stays_out_however_the_name_is_written(
    configure: Configure, slapd: Slapd
) -> None:
    client = configure(url=slapd.url, tls_cacertfile=slapd.pem)
    token = log_in(client, "anna", "anna-pass").json["token"]
    UserStore().change("anna", disabled=True)

    for name in ("anna", "ANNA", " anna ", "\uff41nna"):
        assert log_in(client, name, "anna-pass").status_code == 401
    assert exchange(client, token).status_code == 401
    assert [user.name for user in UserStore().all()] == ["anna"]


@NO_SLAPD
@pytest.mark.parametrize("account", ["own", "service"])
def test_groups_give_roles_at_each_login(configure: Configure, slapd: Slapd, account: str) -> None:
    groups = {
        "admin_groups": f"cn=net-admins,{GROUPS}",
        "operator_groups": f"cn=none,{GROUPS}; cn=net-operators,{GROUPS}",
        "grants": "*=view, prod=edit",
    }
    if account == "service":
        groups |= {"user": READER, "password": READER_PASSWORD}
    client = configure(url=slapd.url, tls_cacertfile=slapd.pem, **groups)

    roles = {}
    for name in ("anna", "ben", "cleo"):
        token = log_in(client, name, USERS[name][1]).json["token"]
        roles[name] = who(client, token).json["role"]
    assert roles == {"anna": "admin", "ben": "operator", "cleo": "viewer"}
    assert UserStore().get("cleo").grants == {"*": "view", "prod": "edit"}

    UserStore().change("ben", role=Role.ADMIN, grants={})
    log_in(client, "ben", "ben-pass")
    assert (UserStore().get("ben").role, UserStore().get("ben").grants) == (Role.OPERATOR, {})


def test_groups_count_for_the_last_admin_too_and_a_warning_is_logged(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    UserStore().add(User(name="anna", role=Role.ADMIN, origin=Origin.LDAP))
    UserStore().add(User(name="ben", role=Role.ADMIN), "ben-password")
    client, given = configure(), Role.VIEWER
    monkeypatch.setattr(LdapDirectory, "role", lambda *_: (True, given))

    assert log_in(client, "anna", "anna-pass").status_code == 201
    assert UserStore().get("anna").role is Role.VIEWER
    assert "no admin" not in caplog.text
    UserStore().change("anna", role=Role.ADMIN)
    UserStore().remove("ben")
    assert log_in(client, "anna", "anna-pass").status_code == 201
    assert UserStore().get("anna").role is Role.VIEWER
    assert "no admin is left" in caplog.text
    entries = AuditStore().collection.find({"operation": "role by groups"})
    assert [(entry["user"], entry["target"]) for entry in entries] == [("anna", "anna")] * 2


@NO_SLAPD
def test_when_viewer_groups_are_named_others_stay_out(configure: Configure, slapd: Slapd) -> None:
    client = configure(
        url=slapd.url, tls_cacertfile=slapd.pem, viewer_groups=f"cn=net-viewers,{GROUPS}"
    )

    assert log_in(client, "cleo", "cleo-pass").status_code == 201
    assert log_in(client, "ben", "ben-pass").status_code == 401


@NO_SLAPD
@pytest.mark.parametrize("account", ["own", "service"])
def test_groups_may_list_names_instead_of_dns_however_a_name_is_typed(
    configure: Configure, slapd: Slapd, account: str
) -> None:
    client = configure(
        url=slapd.url,
        tls_cacertfile=slapd.pem,
        group_member_attribute="memberUid",
        operator_groups=f"cn=posix,{GROUPS}",
        **({"user": READER, "password": READER_PASSWORD} if account == "service" else {}),
    )

    for name, password in (("ben", "ben-pass"), ("BEN", "ben-pass"), ("edda", "edda-pass")):
        log_in(client, name, password)
    log_in(client, "cleo", "cleo-pass")
    roles = {user.name: user.role for user in UserStore().all()}
    assert roles == {"ben": "operator", "edda": "operator", "cleo": "viewer"}


@NO_SLAPD
@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
def test_a_certificate_is_trusted_when_it_is_known_and_names_the_host(
    configure: Configure, slapd: Slapd, scheme: str
) -> None:
    url = slapd.tls_url if scheme == "ldaps" else slapd.url
    other = url.replace("127.0.0.1", "localhost")

    unknown = log_in(configure(url=url), "anna", "anna-pass")
    assert unknown.status_code == 503
    assert "directory" in unknown.json["error"]["message"]
    misnamed = configure(url=other, tls_cacertfile=slapd.pem)
    assert log_in(misnamed, "anna", "anna-pass").status_code == 503
    for unchecked in ("allow", "never"):
        client = configure(url=other, tls_req_cert=unchecked)
        assert log_in(client, "anna", "anna-pass").status_code == 201


@NO_SLAPD
def test_without_tls_the_directory_says_no_and_so_do_we(configure: Configure, slapd: Slapd) -> None:
    client = configure(url=slapd.url, start_tls="no")

    assert log_in(client, "anna", "anna-pass").status_code == 503


class Listener(threading.Thread):
    """A server that keeps what it hears and answers each connection with some bytes."""

    def __init__(self, answer: bytes = b"") -> None:
        super().__init__(daemon=True)
        self.answer = answer
        self.heard = b""
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(10)
        self.port = self.socket.getsockname()[1]

    def run(self) -> None:
        try:
            connection, _ = self.socket.accept()
            connection.settimeout(5)
            with connection:
                while data := connection.recv(4096):
                    self.heard += data
                    connection.sendall(self.answer)
                    self.answer = b""
        except OSError:
            pass


def test_a_password_is_never_sent_to_a_directory_that_refuses_tls(configure: Configure) -> None:
    server = Listener(bytes.fromhex("300c02010178070a010204000400"))  # protocolError
    server.start()
    client = configure(url=f"ldap://127.0.0.1:{server.port}")
    answer = log_in(client, "anna", "anna-pass")
    server.join(10)
    server.socket.close()

    assert answer.status_code == 503
    assert b"1.3.6.1.4.1.1466.20037" in server.heard
    assert b"anna" not in server.heard


def test_a_directory_that_hangs_costs_its_timeout_and_local_users_nothing(
    configure: Configure,
) -> None:
    UserStore().add(User(name="local"), "local-pass")
    server = Listener()
    server.start()
    client = configure(url=f"ldap://127.0.0.1:{server.port}")

    began = time.monotonic()
    assert log_in(client, "anna", "anna-pass").status_code == 503
    assert time.monotonic() - began < 10
    assert log_in(client, "local", "local-pass").status_code == 201
    server.socket.close()


def test_a_directory_that_is_away_is_no_wrong_password(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALIPSO_LOGIN_ATTEMPTS", "2")
    client = configure(url="ldap://127.0.0.1:1")

    assert [log_in(client, "anna", "x").status_code for _ in range(4)] == [503] * 4


def test_the_directory_is_not_asked_at_each_request(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, asked = configure(), []

    def role(*given: str) -> tuple[bool, None]:
        asked.append(given)
        return True, None

    monkeypatch.setattr(LdapDirectory, "role", role)
    for _ in range(3):
        assert client.get(URL, headers=basic("anna", "anna-pass")).status_code == 200
    assert len(asked) == 1
    assert recent_logins.SECONDS[Origin.LDAP] < recent_logins.SECONDS[Origin.LOCAL]
    monkeypatch.setitem(recent_logins.SECONDS, Origin.LDAP, 0.0)
    login.RECENT._known.clear()
    for _ in range(2):
        assert client.get(URL, headers=basic("anna", "anna-pass")).status_code == 200
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("url ldap://a", "user_id_attribute: must be given"),
        ("user_id_attribute uid\nuser_tree_dn dc=x\ncolour red", "colour: is not known"),
        ("user_id_attribute u)(x\nuser_tree_dn dc=x", "user_id_attribute: "),
        ("user_id_attribute uid\nuser_tree_dn dc=x\nurl http://a", "ldaps://host:636"),
        ("user_id_attribute uid\nuser_tree_dn dc=x\nurl ldap://a:x", "ort"),
        ("user_id_attribute uid\nuser_tree_dn dc=x\nurl ldap://a\nstart_tls no", "start_tls no"),
        ("user_id_attribute uid\nuser_tree_dn dc=x\nquery_scope sub", "query_scope sub"),
        ("user_id_attribute uid\nuser_tree_dn dc=x\ntls_req_cert maybe", "tls_req_cert: "),
        ("user_id_attribute uid\nuser_tree_dn dc=x\ntls_cacertfile /none", "no such file"),
        ("user_id_attribute uid\nuser_tree_dn dc=x\ngrants prod", "prod: not a grant"),
        ("user_id_attribute uid\nuser_id_attribute cn\nuser_tree_dn dc=x", "is given twice"),
    ],
)
def test_a_wrong_line_of_the_file_is_named(tmp_path: Path, lines: str, words: str) -> None:
    path = tmp_path / "ldap.conf"
    path.write_text(lines)

    with pytest.raises(ConfigError) as error:
        read_ldap_config(path)
    assert words in error.value.message


def test_the_example_is_a_good_file() -> None:
    example = Path(__file__).resolve().parents[3] / "config" / "ldap.conf.example"

    assert read_ldap_config(example).user_id_attribute == "CN"


def test_a_wrong_file_is_reported_when_the_api_starts(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALIPSO_LDAP_CONFIG", str(tmp_path / "none"))
    settings.cache_clear()

    with pytest.raises(ConfigError, match="No such file"):
        create_app()
