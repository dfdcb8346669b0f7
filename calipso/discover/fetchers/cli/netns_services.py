"""Kinds of namespaces, by the names that Neutron gives to DHCP and router namespaces."""

from __future__ import annotations

from dataclasses import dataclass

#: prefix -> (kind, what the rest of the name is the id of)
_PREFIXES = {
    "qdhcp-": ("dhcp", "network"),
    "qrouter-": ("router", "router"),
    "snat-": ("snat", "router"),
    "fip-": ("fip", "network"),
    "ovnmeta-": ("metadata", "network"),
}

#: service type -> (end of the folder's id, folder type, folder text)
_FOLDERS = {
    "dhcp": ("dhcps", "vservice_dhcps_folder", "DHCP servers"),
    "router": ("routers", "vservice_routers_folder", "Gateways"),
    "snat": ("routers", "vservice_routers_folder", "Gateways"),
}
_OTHER = ("miscellaneous", "vservice_miscellaneous_folder", "Misc. services")


@dataclass(frozen=True)
class Service:
    """Kind and owner of a namespace. `subject` is the id of the network or router in its name."""

    namespace: str
    prefix: str
    kind: str
    subject: str
    subject_id: str

    @property
    def folder(self) -> tuple[str, str, str]:
        """End of its folder's id, the folder's type and text."""
        return _FOLDERS.get(self.kind, _OTHER)


def service(namespace: str) -> Service:
    """Return what a namespace is, by its name.

    A namespace that is not Neutron's has the kind `misc`.
    """
    for prefix, (kind, subject) in _PREFIXES.items():
        if namespace.startswith(prefix):
            return Service(namespace, prefix, kind, subject, namespace.removeprefix(prefix))
    return Service(namespace, "", "misc", "", "")
