"""Facts of a host: the answers to `commands`, parsed when a check first needs them."""

import json
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Set, Tuple

DOWN = ("DOWN", "LOWERLAYERDOWN", "NOTPRESENT", "DORMANT", "TESTING")
#: What nested or endless values raise, besides those of a wrong type.
_BEYOND = (RecursionError, ArithmeticError)
TUNNELS = ("vxlan", "gre", "geneve", "stt")


class NotRead(Exception):
    """A fact could not be read, so nobody knows."""


class Said(NamedTuple):
    """What a command said; `exit` is None when the answer broke off."""

    exit: Optional[int]
    out: str
    err: str


class Device(NamedTuple):
    """A network device. `up` is what works; `admin_up` what somebody asked for."""

    name: str
    up: bool
    admin_up: bool
    carrier: bool
    mtu: int
    mac: str
    master: str
    kind: str
    addresses: Tuple[str, ...]
    counters: Dict[str, int]


class Interface(NamedTuple):
    """A port of Open vSwitch with one of its interfaces."""

    name: str
    bridge: str
    tag: Optional[int]
    type: str
    error: str
    up: bool
    port_id: str
    remote_ip: str


class Namespace(NamedTuple):
    """A network namespace: its devices (None: they could not be read), and its default route."""

    devices: Optional[Dict[str, Device]]
    default_route: str


class Domains(NamedTuple):
    """Domains of libvirt by UUID: those that run, and all that are defined."""

    running: Set[str]
    all: Set[str]


class Facts:
    """What one host said in one round. A fact that was not read raises NotRead."""

    def __init__(
        self,
        answers: Mapping[str, Said],
        host: str = "",
        previous: Optional[Mapping[str, Mapping[str, int]]] = None,
        more: Optional[Mapping[str, Any]] = None,
    ) -> None:
        """`previous` has the counters of devices in the round before. `more` has what the host
        itself cannot know: `seconds` of the round, `clock_offset`, `pings`, states of `ha`.
        """
        self._answers = answers
        self._parsed = {}  # type: Dict[str, Any]
        self.host = host
        self.previous = previous or {}
        self.more = more or {}
        self.judged = {}  # type: Dict[Tuple[str, str], Any]

    def text(self, name: str) -> str:
        """Return what a command printed. Raises NotRead when it failed or was not asked."""
        said = self._answers.get(name)
        if said is None:
            raise NotRead("{} was not read".format(name))
        if said.exit != 0:
            lines = said.err.strip().splitlines() or ["exit {}".format(said.exit)]
            raise NotRead("{} could not be read: {}".format(name, lines[-1][:200]))
        return said.out

    def _once(self, name: str, parse: Callable[[str], Any]) -> Any:
        if name not in self._parsed:
            text = self.text(name)
            try:
                self._parsed[name] = parse(text)
            except (ValueError, LookupError, TypeError, AttributeError, *_BEYOND) as error:
                raise NotRead("{} cannot be understood: {}".format(name, error)) from None
        return self._parsed[name]

    @property
    def devices(self) -> Dict[str, Device]:
        """Devices of the host by name."""
        found: Dict[str, Device] = self._once("links", parse_devices)
        return found

    @property
    def namespaces(self) -> Dict[str, Namespace]:
        """Namespaces of the host by name."""
        found: Dict[str, Namespace] = self._once("namespaces", parse_namespaces)
        return found

    @property
    def switch(self) -> Dict[str, Interface]:
        """Interfaces of Open vSwitch by name. A bridge is the interface of its name."""
        found: Dict[str, Interface] = self._once("ovs", parse_ovs)
        return found

    @property
    def flows(self) -> int:
        """Number of flows of br-int."""
        found: int = self._once("ovs_flows", parse_flows)
        return found

    @property
    def processes(self) -> List[Tuple[int, str, str]]:
        """Programs of the network: pid, state, command line."""
        found: List[Tuple[int, str, str]] = self._once("processes", parse_processes)
        return found

    @property
    def domains(self) -> Domains:
        """Domains of libvirt."""
        found: Domains = self._once("domains", parse_domains)
        return found

    @property
    def bonds(self) -> Dict[str, Dict[str, str]]:
        """Bond -> member -> its MII status."""
        found: Dict[str, Dict[str, str]] = self._once("bonds", parse_bonds)
        return found

    @property
    def speeds(self) -> Dict[str, int]:
        """Device -> speed of its line, in bit/s."""
        found: Dict[str, int] = self._once("speeds", parse_speeds)
        return found

    @property
    def ha(self) -> Dict[str, str]:
        """Router -> state of its keepalived on this host."""
        found: Dict[str, str] = self._once("ha", parse_pairs)
        return found

    @property
    def clock(self) -> Tuple[float, str]:
        """Time of the host in seconds since 1970, and its load."""
        found: Tuple[float, str] = self._once("host", parse_host)
        return found


# -- parsing ---------------------------------------------------------------------------


def parse_devices(text: str) -> Dict[str, Device]:
    """Return devices by name, from `ip -j addr`."""
    found = {item["ifname"]: _device(item) for item in json.loads(text) if item.get("ifname")}
    if not found:
        raise ValueError("no device at all, not even lo")
    return found


def _device(item: Mapping[str, Any]) -> Device:
    flags = item.get("flags") or []
    admin = "UP" in flags
    carrier = "NO-CARRIER" not in flags and item.get("operstate") not in DOWN
    stats = item.get("stats64") or item.get("stats") or {}
    counters = {
        side + "_" + name: int(numbers[name])
        for side, numbers in stats.items()
        if isinstance(numbers, dict)
        for name in ("packets", "errors", "dropped")
        if name in numbers
    }
    addresses = [
        "{}/{}".format(one["local"], one["prefixlen"])
        for one in item.get("addr_info") or []
        if "local" in one
    ]
    return Device(
        str(item["ifname"]),
        admin and carrier,
        admin,
        carrier,
        int(item.get("mtu") or 0),
        str(item.get("address") or "").lower(),
        str(item.get("master") or ""),
        str((item.get("linkinfo") or {}).get("info_kind") or ""),
        tuple(addresses),
        counters,
    )


def parse_namespaces(text: str) -> Dict[str, Namespace]:
    """Return namespaces by name, with their devices and default routes."""
    found = {}  # type: Dict[str, Namespace]
    for part in ("\n" + text).split("\nnetns: ")[1:]:
        name, _, rest = part.partition("\n")
        listed, ended, end = rest.partition("\nexit: ")
        status, _, route = end.partition("\nroutes: ")
        read = bool(ended) and status.strip() == "0"
        devices = parse_devices(listed) if read and listed.strip() else None
        found[name.strip()] = Namespace(devices, route.strip().strip(";"))
    return found


def _value(value: Any) -> Any:
    """Return a value of RFC 7047 as plain Python: sets as lists, maps as dicts."""
    if isinstance(value, list) and len(value) == 2 and value[0] in ("set", "map", "uuid"):
        if value[0] == "map":
            return {str(key): _value(item) for key, item in value[1]}
        if value[0] == "set":
            return [_value(item) for item in value[1]]
        return value[1]
    return value


def _listed(value: Any) -> List[Any]:
    found = _value(value)
    return found if isinstance(found, list) else [found]


def _rows(table: Mapping[str, Any]) -> List[Dict[str, Any]]:
    return [dict(zip(table["headings"], row)) for row in table["data"]]


def parse_ovs(text: str) -> Dict[str, Interface]:
    """Return interfaces by name, from the tables Bridge, Port and Interface."""
    tables = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    bridges, ports, interfaces = [_rows(table) for table in tables]
    bridge_of = {port: row["name"] for row in bridges for port in _listed(row["ports"])}
    by_uuid = {_value(row["_uuid"]): row for row in interfaces}
    found = {}  # type: Dict[str, Interface]
    for port in ports:
        tags = [tag for tag in _listed(port["tag"]) if isinstance(tag, int)]
        for uuid in _listed(port["interfaces"]):
            if uuid in by_uuid:
                bridge = bridge_of.get(_value(port["_uuid"]), "")
                one = _interface(by_uuid[uuid], bridge, tags[0] if tags else None)
                found[one.name] = one
    return found


def _interface(row: Mapping[str, Any], bridge: str, tag: Optional[int]) -> Interface:
    options, ids = _value(row["options"]) or {}, _value(row["external_ids"]) or {}
    error = _value(row["error"])
    return Interface(
        str(row["name"]),
        bridge,
        tag,
        str(row["type"] or "system"),
        "" if isinstance(error, list) else str(error or ""),
        _value(row["link_state"]) != "down" and _value(row["admin_state"]) != "down",
        str(ids.get("iface-id", "")),
        str(options.get("remote_ip", "")),
    )


def parse_flows(text: str) -> int:
    """Return the number of flows, from `ovs-ofctl dump-aggregate`."""
    word = next(word for word in text.split() if word.startswith("flow_count="))
    return int(word.partition("=")[2])


def parse_processes(text: str) -> List[Tuple[int, str, str]]:
    """Return (pid, state, command line) of each line of `ps -o pid,stat,args`."""
    rows = [line.split(None, 2) for line in text.splitlines()]
    return [(int(row[0]), row[1], row[2]) for row in rows if len(row) == 3 and row[0].isdigit()]


def parse_domains(text: str) -> Domains:
    """Return the domains that run, and all; a line `==` stands between."""
    running, _, every = text.partition("==\n")
    return Domains(set(running.split()), set(every.split()))


def parse_bonds(text: str) -> Dict[str, Dict[str, str]]:
    """Return the MII status of each member of each bond."""
    found = {}  # type: Dict[str, Dict[str, str]]
    members, member = {}, ""  # type: Dict[str, str], str
    for line in text.splitlines():
        key, _, value = line.partition(": ")
        if line.startswith("== "):
            members = found.setdefault(line[3:].strip(), {})
            member = ""
        elif key == "Slave Interface":
            member = value.strip()
        elif key == "MII Status" and member:
            members[member] = value.strip()
    return found


def parse_speeds(text: str) -> Dict[str, int]:
    """Return bit/s by device; a line without a speed says -1 and is left out."""
    pairs = parse_pairs(text)
    return {name: int(speed) * 10**6 for name, speed in pairs.items() if int(speed) > 0}


def parse_pairs(text: str) -> Dict[str, str]:
    """Return `NAME VALUE` lines as a dict."""
    rows = [line.split(None, 1) for line in text.splitlines()]
    return {row[0]: row[1].strip() for row in rows if len(row) == 2}


def parse_host(text: str) -> Tuple[float, str]:
    """Return the time of the host, and its load of one minute."""
    lines = text.splitlines()
    seconds = lines[0].replace(".%N", "").replace(".N", "")
    return float(seconds), lines[1].split()[0]
