"""Anonymiser: API answers, database rows and command output of one cloud, replaced alike.

Names that people give, host names, ids, addresses and MAC addresses are replaced; free text is
dropped. Names of devices, bridges and physical networks, versions and hardware stay: without
them a recorded cloud would be no test.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

from calipso.recording.anonymise.addresses import V4, AddressMap
from calipso.recording.anonymise.digits import MAC, UUID, DigitMap
from calipso.recording.anonymise.names import NameMap
from calipso.recording.anonymise.ovn import OvnAnonymiser

#: Keys that hold the name of a host, or a list of them.
HOST_KEYS = frozenset(
    {"host", "hosts", "host_name", "hypervisor_hostname", "node", "launched_on", "binding:host_id"}
    | {"OS-EXT-SRV-ATTR:host", "OS-EXT-SRV-ATTR:hypervisor_hostname", "migrating_to"}
)
#: Keys of maps whose values are names of hosts.
HOST_MAPS = frozenset({"resource_provider_hypervisors"})
ZONE_KEYS = frozenset({"availability_zone", "zone", "zoneName", "OS-EXT-AZ:availability_zone"})
REGION_KEYS = frozenset({"region", "region_id", "region_name"})
#: Keys that hold the name of the thing they are in.
NAME_KEYS = frozenset(
    {"name", "display_name", "hostname", "OS-EXT-SRV-ATTR:hostname", "label", "dns_name"}
    | {"original_name"}
)
#: Keys that hold the name of something else, and its kind.
OTHER_NAMES = {
    "key_name": "key",
    "project_name": "project",
    "tenant_name": "project",
    "user_name": "user",
    "network_name": "net",
    "dns_domain": "domain",
    "fqdn": "domain",
}
#: Free text and what people attach: dropped, the type of the value kept.
EMPTIED = frozenset(
    {"description", "display_description", "metadata", "tags", "ifalias", "email", "fault"}
    | {"locked_reason", "status_message", "extra", "dns_assignment"}
)
#: In `metadata` of aggregates this one key makes a zone.
KEPT_METADATA = "availability_zone"

#: What is recorded under a kind of its own: kind by the resource's or table's name.
KINDS = {
    "servers": "instance",
    "instances": "instance",
    "instance_info_caches": "net",
    "networks": "net",
    "os-aggregates": "aggregate",
    "aggregates": "aggregate",
    "security-groups": "security-group",
    "os-availability-zone": "zone",
}
#: Names in these are the services' own.
OWN_NAMES = frozenset({"catalog", "services", "endpoints", "os-services", "agents", "extensions"})

_NOVA = re.compile(r"(<nova:(name|user|project)\b[^>]*>)([^<]*)(?=<)")
_XML_HOST = re.compile(r"(<host name=['\"])([^'\"]+)(?=['\"])")
_HOSTNAME = re.compile(r"^(HOSTNAME=)(.+)$", re.MULTILINE)
_URL_HOST = re.compile(r"(?<=://)([A-Za-z][A-Za-z0-9.-]*)")
#: What a neighbour says of itself in LLDP: the kind of each name in it.
_LLDP = {"chassis": {"name": "switch", "descr": "descr"}, "port": {"descr": "port"}}
#: Names of ports that makers give.
_PORT = re.compile(
    r"(?i)^(port|eth|swp|ge|xe|et|te|gi|hu|fa|fo|tw|lan|eno|ens|enp|mgmt)[a-z]*[-/ ]?[\d/.:ps-]+$"
)
_ALIAS = re.compile(r'("ifalias":\s*")(?:[^"\\]|\\.)*(?=")')


class Anonymiser:
    """One mapping for a whole recording: `learn` everything first, then replace."""

    def __init__(self, key: bytes | None = None) -> None:
        self.digits = DigitMap(key or secrets.token_bytes(16))
        self.addresses = AddressMap(self.digits)
        self.names = NameMap()
        self.ovn = OvnAnonymiser(self.names, self.text)

    def learn(self, content: Any) -> None:
        """Note the networks that a text, or a document, names."""
        if isinstance(content, str):
            self.addresses.learn(content)
        elif isinstance(content, dict):
            for value in content.values():
                self.learn(value)
        elif isinstance(content, list):
            for value in content:
                self.learn(value)

    # -- documents ---------------------------------------------------------------------

    def document(self, content: Any, resource: str) -> Any:
        """A body of the API, or rows of a table."""
        kind = KINDS.get(resource, resource.removesuffix("s").replace("_", "-"))
        return self._value(content, "", "" if resource in OWN_NAMES else kind)

    def _value(self, value: Any, key: str, kind: str) -> Any:
        if key in EMPTIED:
            return self._emptied(value)
        if isinstance(value, dict):
            if value.keys() >= {"key", "value"}:  # a row of aggregate_metadata
                value = value | {"value": self._metadata(value["key"], value["value"])}
            return {
                self._key(k, key): self._value(
                    v, "host" if key in HOST_MAPS else k, _inner(kind, k)
                )
                for k, v in value.items()
            }
        if isinstance(value, list):
            return [self._value(item, key, kind) for item in value]
        return self._string(value, key, kind) if isinstance(value, str) else value

    def _key(self, name: str, parent: str) -> str:
        """Keys that are data: hosts of a zone, networks of `addresses`, ids."""
        if parent in HOST_KEYS:
            return self.names.host(name)
        if parent == "addresses":
            return self.names.replace("net", name)
        return self.text(name)

    def _string(self, value: str, key: str, kind: str) -> str:
        if value[:1] in "[{" and value[-1:] in "]}":
            try:
                return json.dumps(self._value(json.loads(value), "", kind))
            except ValueError:
                pass
        if key in HOST_KEYS:
            return self.names.host(value)
        if key in ZONE_KEYS:
            return self.names.replace("zone", value)
        if key in REGION_KEYS:
            return self.names.replace("region", value)
        if key in NAME_KEYS and kind:
            return self._name(kind, value)
        if key in OTHER_NAMES:
            return self.names.replace(OTHER_NAMES[key], value) if value else value
        if key == "device_owner":  # compute:<zone>
            owner, colon, zone = value.partition(":")
            keep = owner != "compute" or not colon
            return value if keep else f"compute:{self.names.replace('zone', zone)}"
        return self.text(_URL_HOST.sub(lambda found: self.names.host(found[0]), value))

    def _name(self, kind: str, value: str) -> str:
        """A name; one that Neutron made of an address or an id stays one."""
        made = value.startswith("HA network ") or UUID.fullmatch(value) or V4.fullmatch(value)
        return self.text(value) if made else self.names.replace(kind, value)

    def _metadata(self, key: Any, value: Any) -> str:
        return self.names.replace("zone", str(value)) if key == KEPT_METADATA else ""

    def _emptied(self, value: Any) -> Any:
        if isinstance(value, dict) and KEPT_METADATA in value:
            return {KEPT_METADATA: self._metadata(KEPT_METADATA, value[KEPT_METADATA])}
        return type(value)() if isinstance(value, dict | list | str) else value

    # -- text --------------------------------------------------------------------------

    def text(self, text: str) -> str:
        """Any text: ids, addresses, MAC addresses and device names replaced."""
        return self.addresses.text(self.digits.text(text))

    def output(self, command: str, text: str) -> str:
        """What a host answered to a command."""
        if command in ("ovn_databases", "ovn_chassis"):
            return self.ovn.answer(text)
        special = {"domains": self._domains, "lldp": self._lldp, "os_release": self._os_release}
        text = special.get(command, lambda given: given)(text)
        return self.text(_ALIAS.sub(r"\1", text))

    def _domains(self, text: str) -> str:
        kinds = {"name": "instance", "user": "user", "project": "project"}
        text = _NOVA.sub(lambda m: m[1] + self.names.replace(kinds[m[2]], m[3]), text)
        return _XML_HOST.sub(lambda m: m[1] + self._storage(m[2]), text)

    def _storage(self, name: str) -> str:
        return name if self.text(name) != name else self.names.replace("storage", name)

    def _os_release(self, text: str) -> str:
        return _HOSTNAME.sub(lambda m: m[1] + self.names.host(m[2].strip("'\"")), text)

    def _lldp(self, text: str) -> str:
        try:
            return json.dumps(self._neighbours(json.loads(text), ""), indent=1)
        except ValueError:
            return ""  # not what we ask for: nobody knows what it holds

    def _neighbours(self, value: Any, key: str) -> Any:
        """lldpctl's JSON: names of systems replaced, their descriptions dropped."""
        if isinstance(value, list):
            return [self._neighbours(item, key) for item in value]
        if not isinstance(value, dict):
            return value
        out = {name: self._neighbours(item, name) for name, item in value.items()}
        rules = _LLDP.get(key, {})
        for name, kind in rules.items():
            if isinstance(out.get(name), list):
                out[name] = [self._told(kind, item) for item in out[name]]
        return out

    def _told(self, kind: str, item: Any) -> Any:
        value = item.get("value") if isinstance(item, dict) else None
        if not isinstance(value, str):
            return item
        if kind == "descr":
            return item | {"value": "switch"}
        if kind == "port" and (_PORT.match(value) or MAC.fullmatch(value)):
            return item
        known = self.names.known(value.partition(".")[0])
        return item | {"value": known or self.names.replace(kind, value)}


def _inner(kind: str, key: str) -> str:
    """Kind of what lies under a key: things of another kind inside a thing."""
    inner = {
        "network": "net",
        "subnets": "subnet",
        "security_groups": "security-group",
        "flavor": "flavor",
        "user": "user",
        "project": "project",
        "domain": "domain",
        "image": "image",
    }
    return inner.get(key, kind)
