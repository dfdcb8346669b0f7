"""Passwords checked by an LDAP directory: who binds with it is who it says.

The library (ldap3, extra `ldap`) is imported at the first login: without a directory nobody needs
it. Nothing a person types reaches a DN or a filter without being escaped.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from calipso.api.auth.ldap_config import LdapConfig
from calipso.api.auth.ldap_socket import bounded, shut, tls_of
from calipso.errors import StoreError
from calipso.limits.calls import Bounds, Call
from calipso.model.user import Role, same_name
from calipso.settings import settings

if TYPE_CHECKING:
    from ldap3 import Connection, Server

log = logging.getLogger(__name__)

#: Result codes of a bind that mean: not this name with this password (or not now). Others mean
#: that the directory cannot say.
REFUSED = frozenset({19, 32, 34, 48, 49, 50, 53})
#: What the library raises for an answer that it cannot read.
NONSENSE = (
    *(ValueError, LookupError, TypeError, AttributeError, ArithmeticError),
    *(AssertionError, RecursionError),
)
#: The questions of one connection may take this many times `ldap_timeout`, whatever comes.
TOTAL_FACTOR = 4


class LdapDirectory:
    """One directory."""

    def __init__(self, config: LdapConfig) -> None:
        self.config = config
        self.timeout = settings().ldap_timeout

    def role(self, name: str, password: str) -> tuple[bool, Role | None]:
        """Whether the password is right, and the role from groups, when groups decide on roles.

        Raises StoreError when the directory does not answer or its certificate is not trusted.
        An empty password is refused here: directories take it for "no name at all" and say yes.
        """
        if not name or not password or "\x00" in password:
            return False, None
        with _told():
            where = self._dn(name)
            if where is None:
                return False, None
            with self._connection(where, password) as person:
                if not _bound(person):
                    return False, None
                if not self.config.maps_groups:
                    return True, None
                found = self._role(where, name, person)
                return found is not None, found

    def _dn(self, name: str) -> str | None:
        """Where a person is; made of the name, or looked for when they are in several places."""
        from ldap3 import SUBTREE
        from ldap3.utils.conv import escape_filter_chars
        from ldap3.utils.dn import escape_rdn

        config = self.config
        if config.query_scope == "one":
            return f"{config.user_id_attribute}={escape_rdn(name)},{config.user_tree_dn}"
        wanted = (
            f"(&(objectClass={config.user_objectclass})"
            f"({config.user_id_attribute}={escape_filter_chars(name)}))"
        )
        with self._service() as service:
            service.search(config.user_tree_dn, wanted, SUBTREE, attributes=["1.1"], size_limit=2)
            entries = [item for item in service.response or () if "dn" in item]
            found = [item["dn"] for item in entries if item["type"] == "searchResEntry"]
        return str(found[0]) if len(found) == 1 else None

    def _role(self, where: str, name: str, person: Connection) -> Role | None:
        """The highest role of the groups a person is in; None without such a group.

        When no viewer groups are named, everybody may look.
        """
        if not self.config.user:
            return self._highest(person, where, name)
        with self._service() as service:
            return self._highest(service, where, name)

    def _highest(self, connection: Connection, where: str, name: str) -> Role | None:
        config = self.config
        groups = (
            (Role.ADMIN, config.admin_groups),
            (Role.OPERATOR, config.operator_groups),
            (Role.VIEWER, config.viewer_groups),
        )
        by_name = config.group_member_attribute.lower() == "memberuid"
        value = self._spelled(connection, where, name) if by_name else where
        for role, named in groups:
            if any(self._member(connection, group, value) for group in named):
                return role
        return None if config.viewer_groups else Role.VIEWER

    def _spelled(self, connection: Connection, where: str, name: str) -> str:
        """A name as the directory has it: `memberUid` is compared letter by letter."""
        from ldap3 import BASE

        attribute = self.config.user_id_attribute
        connection.search(where, "(objectClass=*)", BASE, attributes=[attribute])
        for entry in connection.response or ():
            for values in entry.get("raw_attributes", {}).values():
                for value in (str(raw, errors="replace") for raw in values):
                    if same_name(value, name):
                        return value
        return name

    def _member(self, connection: Connection, group: str, value: str) -> bool:
        """Asked of the group itself; `memberUid` names people, other attributes their DNs."""
        from ldap3 import BASE
        from ldap3.utils.conv import escape_filter_chars

        wanted = f"({self.config.group_member_attribute}={escape_filter_chars(value)})"
        connection.search(group, wanted, BASE, attributes=["1.1"])
        return any(item["type"] == "searchResEntry" for item in connection.response or ())

    @contextmanager
    def _service(self) -> Iterator[Connection]:
        """A connection of the account that may look around."""
        with self._connection(self.config.user, self.config.password.get_secret_value()) as found:
            if not _bound(found):
                raise StoreError(
                    "the directory refuses the login of Calipso itself",
                    hint="Look at user and password of the LDAP configuration file.",
                )
            yield found

    @contextmanager
    def _connection(self, user: str, password: str) -> Iterator[Connection]:
        """A connection with TLS as configured, not yet bound. Referrals are not followed."""
        from ldap3 import SIMPLE, Connection

        with Bounds().call(f"LDAP {self.config.host}", TOTAL_FACTOR * self.timeout) as call:
            connection = Connection(
                self._server(call),
                user=user,
                password=password,
                authentication=SIMPLE,
                auto_referrals=False,
                receive_timeout=max(1, int(self.timeout)),
                read_only=True,
                check_names=False,
            )
            # a directory that sends a byte now and then meets no timeout of the library
            call.watch(lambda: shut(connection.socket))
            try:
                connection.open()
                call.check()  # the library goes on with the next address of a host
                connection.socket = bounded(connection.socket)
                if self.config.tls and self.config.scheme == "ldap":
                    connection.start_tls()
                yield connection
            finally:
                used = connection.socket
                with suppress(*_failures()):
                    connection.unbind()
                if used is not None:  # the library leaves it open after some failures
                    used.close()

    def _server(self, call: Call) -> Server:
        from ldap3 import NONE, Server

        config = self.config
        tls = tls_of(config, call) if config.tls else None
        return Server(
            config.host,
            port=config.port,
            use_ssl=config.scheme == "ldaps",
            tls=tls,
            get_info=NONE,
            connect_timeout=self.timeout,
        )


def _bound(connection: Connection) -> bool:
    """True after a good bind, False after a refused one. Raises StoreError for another answer."""
    if connection.bind():
        return True
    if connection.result["result"] in REFUSED:
        return False
    raise StoreError(
        f"the directory cannot check a password: {connection.result['description']}",
        hint="Look at its log.",
    )


@contextmanager
def _told() -> Iterator[None]:
    """Errors of the library become StoreError; the log has the details."""
    failures = _failures()
    try:
        yield
    except failures as error:
        log.warning("the LDAP directory failed: %s: %s", type(error).__name__, error)
        raise StoreError(
            "the directory that checks passwords does not answer as it should",
            hint="The log of the API says what it did. Local users can log in.",
        ) from None


def _failures() -> tuple[type[Exception], ...]:
    """What the library raises, also for bytes that are no LDAP."""
    try:
        from ldap3.core.exceptions import LDAPException
        from pyasn1.error import PyAsn1Error
    except ImportError:
        raise StoreError(
            "an LDAP directory is configured, but ldap3 is not installed",
            hint="pip install 'calipso[ldap]'",
        ) from None
    return LDAPException, PyAsn1Error, OSError, *NONSENSE
