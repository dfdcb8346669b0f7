"""AciAccess: base of the fetchers that ask an APIC, and the `aci` source of others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from calipso.errors import AciAccessError, ErrorKind
from calipso.model.sections import AciSection
from calipso.settings import settings
from calipso.sources.aci.apic import Apic, Attributes
from calipso.sources.aci.fabric import Fabric, fabric_of, learned
from calipso.sources.fetcher import Fetcher

#: MAC addresses in one filter: the address of a request has a limit.
PORTION = 40


class AciAccess(Fetcher):
    """Reads classes of an APIC, each once a scan and process."""

    source_name: ClassVar[str] = "aci"
    batch_size: ClassVar[int | None] = 100

    @property
    def apic(self) -> Apic:
        """The login that all fetchers of this scan share in this process. Raises AciAccessError."""
        return self.context.shared("aci:apic", self._apic)

    def objects(self, name: str, where: str = "") -> list[Attributes]:
        """All objects of a class, or those that a filter of the APIC leaves."""
        found = list(self.apic.each(name, where))
        if self.context.recorder is not None:
            self.context.recorder.aci(name, found)
        return found

    def fabric(self) -> Fabric:
        """The fabric, read once. Raises AciAccessError, the same one to each caller of a scan."""

        def make() -> Fabric | AciAccessError:
            try:
                return fabric_of(*(self.objects(name) for name in _CLASSES))
            except AciAccessError as error:
                return error

        found = self.context.shared("aci:fabric", make)
        if isinstance(found, AciAccessError):
            raise found
        return found

    def learned(self, macs: Iterable[str]) -> dict[str, tuple[str, str]]:
        """MAC address -> (node, port) of the leaves that have learned it. Raises AciAccessError."""
        wanted, found = sorted(set(macs)), list[Attributes]()
        for at in range(0, len(wanted), PORTION):
            each = (f'eq(epmMacEp.addr,"{mac.upper()}")' for mac in wanted[at : at + PORTION])
            found += self.objects("epmMacEp", f"or({','.join(each)})")
        return learned(found)

    def _apic(self) -> Apic:
        section = next(
            (s for s in self.context.environment.configuration if isinstance(s, AciSection)), None
        )
        if section is None:
            raise AciAccessError(
                f"{self.env}: aci_enabled is true, and there is no section ACI",
                kind=ErrorKind.NOT_FOUND,
                hint="Add section ACI with host, user and pwd, or set aci_enabled to false.",
            )
        return Apic(section, self.context.bounds, settings().api_timeout, self.context.count)


#: What `fabric_of` takes, in its order.
_CLASSES = ("fabricNode", "topSystem", "lldpAdjEp", "ethpmPhysIf")
