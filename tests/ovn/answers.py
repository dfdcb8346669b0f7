"""Answers of the databases, from the sample cloud on OVN."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from calipso.errors import CliAccessError, ErrorKind
from calipso.model.environment import parse_environment
from calipso.sources.context import ScanContext
from calipso.sources.ovn.ovn_access import OvnAccess
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.sample_cloud.profiles.ovn import draw
from tests.scan.conftest import ENVIRONMENT


def text(release: str = "23.03") -> str:
    """What the script prints on the controller of the sample cloud."""
    made = draw(1, release)
    made.finish()
    return made.tables.text()


def said(out: str = "", err: str = "", status: int | None = 0) -> Any:
    """An answer of a host."""
    return SimpleNamespace(exit=status, out=out, err=err, lost="")


def access(inv: InventoryMgr, **section: Any) -> OvnAccess:
    """The source of an environment with this section `OVN`."""
    configuration = [*ENVIRONMENT["configuration"], {"name": "OVN", **section}]
    given = ENVIRONMENT | {"name": "e", "mechanism_drivers": ["OVN"]}
    environment = parse_environment(given | {"configuration": configuration})
    made = OvnAccess()
    made.bind(ScanContext(environment, inv, "s"))
    return made


class Hosts:
    """Hosts by name with what each says; asked hosts are noted."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {name.replace("_", "-"): answer for name, answer in answers.items()}
        self.asked: list[str] = []

    def ask(self, name: str, text: str, tool: str, host: str) -> Any:
        """As the SSH source answers. Raises CliAccessError for a host that is not there."""
        assert (name, tool) == ("ovn_databases", "ovsdb-client")
        assert "OVN_Northbound" in text
        self.asked.append(host)
        if host not in self.answers:
            raise CliAccessError(f"{host}: no route", kind=ErrorKind.UNREACHABLE, host=host)
        return self.answers[host]
