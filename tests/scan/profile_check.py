"""What a scan of a profile found, held against the truth of the profile."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.sample_cloud.profiles.truth import Key, LinkKey, Truth

Document = dict[str, Any]

#: Types that a profile lists in full: an object that it does not name must not exist.
COMPLETE = (
    *("host", "network", "instance", "network_agent", "host_pnic", "vconnector", "vedge", "otep"),
    *("vservice", "vnic", "switch", "switch_pnic"),
)
AGGREGATES = ("host_pnic-host_pnic",)


@dataclass
class Row:
    """One line of the table: a kind of object or link, or the cliques of a kind of object."""

    kind: str
    truth: int = 0
    found: int = 0
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)

    def wrong(self) -> list[str]:
        """Each difference in words."""
        words = {"missing": self.missing, "extra": self.extra, "different": self.different}
        return [f"{self.kind}: {word}: {item}" for word, items in words.items() for item in items]


class Found:
    """The inventory of an environment under the names of the truth."""

    def __init__(self, inv: InventoryMgr, environment: str) -> None:
        self.items = {item["_id"]: item for item in inv.find_items({"environment": environment})}
        self.links = inv.find_all("links", {"environment": environment, "implicit": {"$ne": True}})
        self.cliques = inv.find_all("cliques", {"environment": environment})
        self.by_id = {(item["type"], item["id"]): item for item in self.items.values()}
        self.names = {
            item["id"]: item["name"] for item in self.items.values() if item["type"] == "network"
        }
        self.keys = {_id: self._key(item) for _id, item in self.items.items()}

    def _key(self, item: Document) -> Key:
        kind = str(item["type"])
        named = getattr(self, f"_{kind}", None)
        return (kind, named(item) if named else str(item["name"]))

    def _vedge(self, item: Document) -> str:
        return str(item["host"])

    def _host_pnic(self, item: Document) -> str:
        return f"{item['host']}/{item['name']}"

    def _vconnector(self, item: Document) -> str:
        return f"{item['host']}/{item.get('bridge_name') or item['name']}"

    def _otep(self, item: Document) -> str:
        vni = f"/{item['vni']}" if item.get("vni") else ""
        return f"{item['host']}/{item['ip_address']}{vni}"

    def _vservice(self, item: Document) -> str:
        return f"{item['host']}/{item['local_service_id']}"

    def _network_agent(self, item: Document) -> str:
        return f"{item['host']}/{item['binary']}"

    def _vnic(self, item: Document) -> str:
        if item.get("vservice_id"):
            space = str(item["vservice_id"]).removeprefix(f"{item['host']}-")
            return f"{item['host']}/{space}/{item['name']}"
        owner = self.by_id.get(("instance", item.get("instance_id")), {}).get("name")
        return f"{owner}/{item.get('port_id') or 'no port, MAC ' + str(item.get('mac_address'))}"

    def _switch_pnic(self, item: Document) -> str:
        switch = next(
            (
                str(other["name"])
                for other in self.items.values()
                if other["type"] == "switch"
                and (item["id_path"].startswith(f"{other['id_path']}/") or _same(item, other))
            ),
            "?",
        )
        return f"{switch}/{str(item['name']).removeprefix(switch).lstrip('/- ')}"

    def networks(self, value: Any) -> set[str]:
        """Names of the networks that a field names by id."""
        listed = [value] if isinstance(value, str) else list(value or [])
        return {self.names.get(each, str(each)) for each in listed}

    def field(self, item: Document, name: str) -> Any:
        """A field in the words of the truth: names instead of ids."""
        if name == "network":  # of a trunk: its own and those of its sub-ports
            below = [sub_port.get("network") for sub_port in item.get("sub_ports") or ()]
            return self.networks(item.get(name)) | self.networks(below)
        if name == "EtherChannel Master":
            master = self.by_id.get(("host_pnic", item.get(name)), {})
            return f"{item['host']}/{master.get('name')}"
        return item.get(name)

    def link_key(self, link: Document) -> LinkKey:
        ends = [self.keys.get(link[end], ("?", "?"))[1] for end in ("source", "target")]
        return (str(link["link_type"]), *ends)


def _same(port: Document, switch: Document) -> bool:
    return port.get("switch") in (switch["id"], switch["name"])


def check(truth: Truth, inv: InventoryMgr, environment: str) -> list[Row]:
    """One row for each kind of object, of link and of clique."""
    found = Found(inv, environment)
    rows = [*_objects(truth, found), *_links(truth, found), *_cliques(truth, found)]
    return [*rows, _problems(found)]


def _problems(found: Found) -> Row:
    """Nothing is wrong with the cloud of a profile: whatever a scan says is wrong is an error."""
    row = Row("problem")
    for _id, item in found.items.items():
        for problem in item.get("problems") or ():
            row.found += 1
            row.extra.append(
                f"{': '.join(found.keys[_id])}: {problem['code']}: {problem['message']}"
            )
    return row


def _objects(truth: Truth, found: Found) -> Iterable[Row]:
    by_kind: dict[str, list[tuple[str, Document]]] = defaultdict(list)
    for _id, (kind, name) in found.keys.items():
        by_kind[kind].append((name, found.items[_id]))
    for kind in COMPLETE:
        wanted = {name: fields for (of, name), fields in truth.objects.items() if of == kind}
        here = by_kind[kind]
        row = Row(kind, len(wanted), len(here))
        documents = dict(here)
        row.missing = sorted(wanted.keys() - documents.keys())
        row.extra = sorted(documents.keys() - wanted.keys())
        row.extra += [f"{name} ({n} times)" for name, n in _counted(here) if n > 1]
        for name in sorted(wanted.keys() & documents.keys()):
            for what, value in wanted[name].items():
                said = found.field(documents[name], what)
                if said != value:
                    row.different.append(f"{name}: {what}: truth {value!r}, inventory {said!r}")
        yield row


def _counted(here: list[tuple[str, Document]]) -> list[tuple[str, int]]:
    return list(Counter(name for name, _ in here).items())


def _links(truth: Truth, found: Found) -> Iterable[Row]:
    here: dict[LinkKey, Document] = {}
    for link in found.links:
        here[found.link_key(link)] = link
    optional = {key for chains in truth.either for chain in chains for key in chain}
    wanted = {key: value for key, value in truth.links.items() if key not in optional}
    for chains in truth.either:  # the chain that is there whole, else the first
        chain = next((each for each in chains if each <= here.keys()), chains[0])
        wanted |= {key: truth.links.get(key, {}) for key in chain}
    for kind in sorted({key[0] for key in [*wanted, *here]}):
        if kind in AGGREGATES:
            continue
        own = {key for key in wanted if key[0] == kind}
        mine = {key for key in here if key[0] == kind}
        row = Row(kind, len(own), len(mine))
        row.missing = [_told(key) for key in sorted(own - mine)]
        row.extra = [_told(key) for key in sorted(mine - own - optional) if not _bond(key, truth)]
        for key in sorted(own & mine):
            row.different += _differences(wanted[key], here[key], key, found)
        yield row


def _bond(key: LinkKey, truth: Truth) -> bool:
    """A bond may be said to be on the switch ports of its members."""
    return key[0] == "host_pnic-switch_pnic" and any(
        fields.get("EtherChannel Master") == key[1]
        and ("host_pnic-switch_pnic", name, key[2]) in truth.links
        for (kind, name), fields in truth.objects.items()
        if kind == "host_pnic"
    )


def _differences(wanted: Document, link: Document, key: LinkKey, found: Found) -> list[str]:
    told = []
    state = wanted.get("state")
    if state and link["state"] != state:
        told.append(f"{_told(key)}: truth {state}, inventory {link['state']}")
    if "networks" in wanted:
        said = found.networks(link.get("attributes", {}).get("network"))
        if said != wanted["networks"]:
            lacks, has = sorted(wanted["networks"] - said), sorted(said - wanted["networks"])
            told.append(f"{_told(key)}: lacks networks {lacks}, has too {has}")
    return told


def _told(key: LinkKey) -> str:
    return f"{key[1]} -> {key[2]}"


def _cliques(truth: Truth, found: Found) -> Iterable[Row]:
    links = {link["_id"]: link for link in found.links}
    mine: dict[Key, Document] = {
        found.keys[clique["focal_point"]]: clique
        for clique in found.cliques
        if clique["focal_point"] in found.keys
    }
    for kind in ("instance", "vservice"):
        wanted = {key: way for key, way in truth.cliques.items() if key[0] == kind}
        count = sum(key[0] == kind for key in mine)
        row = Row(f"clique of {kind}", len(wanted), count)
        invented = sorted(key[1] for key in mine.keys() - wanted.keys() if key[0] == kind)
        row.extra += [f"{name}: a clique" for name in invented]
        ports = Row(f"clique of {kind} to switch ports", len(wanted), count)
        for key, way in wanted.items():
            if key not in mine:
                row.missing.append(f"{key[1]}: no clique")
                continue
            reached = _reached(mine[key], links, found)
            _lead(row, key[1], "network", reached, way.networks)
            _lead(row, key[1], "host_pnic", reached, way.nics, way.members)
            _lead(ports, key[1], "switch_pnic", reached, way.switch_ports)
        yield row
        yield ports


def _reached(clique: Document, links: dict[Any, Document], found: Found) -> dict[str, set[str]]:
    near: dict[Any, set[Any]] = defaultdict(set)
    for link in (links[each] for each in clique["links"] if each in links):
        near[link["source"]].add(link["target"])
        near[link["target"]].add(link["source"])
    seen, todo = {clique["focal_point"]}, [clique["focal_point"]]
    while todo:
        new = near[todo.pop()] - seen
        seen |= new
        todo += new
    reached: dict[str, set[str]] = defaultdict(set)
    for kind, name in (found.keys[each] for each in seen if each in found.keys):
        reached[kind].add(name)
    return reached


def _lead(
    row: Row,
    name: str,
    kind: str,
    reached: dict[str, set[str]],
    goals: set[str],
    allowed: frozenset[str] | set[str] = frozenset(),
) -> None:
    here = reached[kind]
    row.missing += [f"{name}: no way to {kind} {each}" for each in sorted(goals - here)]
    row.extra += [f"{name}: a way to {kind} {each}" for each in sorted(here - goals - allowed)]
