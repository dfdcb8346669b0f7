"""Test of the APIC of an environment: the login, and whether the fabric can be read."""

from __future__ import annotations

from collections.abc import Iterator

from calipso.model.documents import Document
from calipso.probe.steps import Step, attempt
from calipso.sources.aci.apic import Apic
from calipso.sources.aci.fabric import Fabric
from calipso.sources.context import ScanContext


def aci_steps(context: ScanContext, found: dict[str, Document]) -> Iterator[Step]:
    """Log in, then read the fabric as a scan does. Nothing where `aci_enabled` is false."""
    if not context.environment.aci_enabled:
        return

    def login() -> Apic:
        apic: Apic = context.source("aci").apic
        apic.login()
        return apic

    tried = attempt("ACI login", login, lambda apic: f"logged in at {apic.base}")
    yield tried.step
    if tried.step.ok:
        yield attempt("ACI fabric", context.source("aci").fabric, _said).step


def _said(fabric: Fabric) -> str:
    roles = [node.role for node in fabric.nodes.values()]
    heard = sum(map(len, fabric.neighbours.values()))
    return f"{roles.count('leaf')} leaves, {roles.count('spine')} spines, {heard} LLDP neighbours"
