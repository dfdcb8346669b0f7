"""What the tests of the CLI access share: environments that lead to a test server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from calipso.errors import CliAccessError
from calipso.model.environment import parse_environment
from calipso.sources.cli.cli_access import CliAccess
from calipso.sources.cli.commands import Command
from tests.access.sshd import PASSWORD, Sshd

ECHO = Command("echo", "echo hello", "echo")
LOCALE = Command("locale", 'echo "$LC_ALL"; uname -n', "echo")

Access = Callable[..., CliAccess]


def environment(**cli: Any) -> Any:
    """An environment with this CLI section."""
    section = {"name": "CLI", "direct": True, "accept_new_hosts": True, **cli}
    others = [
        {"name": "OpenStack", "host": "127.0.0.1", "user": "a", "pwd": "b"},
        {"name": "mysql", "host": "127.0.0.1", "user": "a", "pwd": "b"},
    ]
    return parse_environment({"name": "test", "configuration": [*others, section]})


def login(server: Sshd, **more: Any) -> dict[str, Any]:
    """A CLI section that leads to node-1 with the key."""
    given = {"host": "127.0.0.1", "port": server.port, "user": "root", "key": server.key}
    return {**given, "hosts": {"node-1": {"host": "127.0.0.1", "port": server.port}}, **more}


def error_of(cli: CliAccess, host: str = "node-1", command: Command | str = ECHO) -> CliAccessError:
    """The error of a question; it says what to do and holds no secret."""
    with pytest.raises(CliAccessError) as caught:
        cli.run(command, host)
    assert caught.value.hint, "an error must say what to do"
    assert PASSWORD not in str(caught.value) + caught.value.hint
    return caught.value
