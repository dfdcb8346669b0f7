"""Recorder: keeps every answer of a scan and writes them as a recorded cloud.

    cloud.json                        what it is: region, hosts, drivers
    api/<service type>/<list>.json    all items of a list, or the body of a single answer
    db/<schema>.json                  rows of each table, as far as they were read
    aci/<class>.json                  objects of a class of an APIC
    cli/<host>/<command>.out          what a host printed (.err too), index.json: command and exit
    ovn/<nb|sb>.json                  OVN's databases, where they were asked without SSH

Credentials are never in it: fields that hold one are dropped, and the environment's own are
searched for in every text.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from calipso.discover.fetchers.api.api_hosts import hosts as join_hosts
from calipso.errors import ConfigError
from calipso.hostparse.ovn import Databases
from calipso.model.documents import Document
from calipso.model.environment import Environment, OpenStackSection, is_secret_key
from calipso.model.sources import SOURCES
from calipso.recording.anonymise.addresses import LOCAL
from calipso.recording.anonymise.anonymiser import Anonymiser
from calipso.secrets.box import MASK, map_secrets
from calipso.sources.db.cells import CELL_AT

#: Fields that hold a credential, or what people put where nobody else should look.
CREDENTIAL = re.compile(
    r"pass(word|wd|phrase)|secret|(^|_)token$|adminpass|user_data|private_key|key_data|"
    r"public_key|credential|transport_url|database_connection",
    re.IGNORECASE,
)
_IN_TEXT = re.compile(r"(\bpasswd=)(['\"])[^'\"]*\2")
_IN_URL = re.compile(r"(?<=://)[^/\s:@'\"]*:[^/\s@'\"]*@")

#: Shorter ones stand in every text by chance.
SHORTEST_SECRET = 5
FORMAT = 1


class Recorder:
    """The `recorder` of a ScanContext. Thread safe."""

    def __init__(self, environment: Environment, *, anonymise: bool = False) -> None:
        self.environment = environment
        self._lock = threading.Lock()
        self._api: dict[tuple[str, str], Document] = {}
        self._db: dict[str, dict[str, list[Document]]] = {}
        self._cli: dict[str, dict[str, Document]] = {}
        self._aci: dict[str, dict[str, Document]] = {}
        self._ovn: dict[str, Document] = {}
        self._anonymiser = Anonymiser() if anonymise else None
        self._secrets: list[str] = []
        map_secrets(environment.document(), self._note_secret)

    # -- called while scanning ---------------------------------------------------------

    def api(
        self,
        service_type: str,
        path: str,
        key: str | None,
        params: Mapping[str, Any] | None,
        answer: Any,
        microversion: str | None = None,
    ) -> None:
        """Keep a list (all its pages), or a single answer. Lists of one path are joined."""
        with self._lock:
            kept = self._api.setdefault(
                (service_type, path), {"path": path, "key": key, "microversion": microversion}
            )
            if key is None:
                kept["body"] = answer
            else:
                kept["items"] = _joined(kept.get("items", []), answer)

    def db(self, schema: str, table: str, rows: Iterable[Document]) -> None:
        """Keep rows of a table; columns read at another time are added to the same row."""
        with self._lock:
            tables = self._db.setdefault(schema, {})
            tables[table] = _joined(tables.get(table, []), rows)

    def cli(
        self, host: str, name: str, command: str, status: int | None, out: str, err: str
    ) -> None:
        """Keep what a host said to a command."""
        with self._lock:
            said = {"command": command, "exit": status, "out": out, "err": err}
            self._cli.setdefault(host, {})[name] = said

    def aci(self, name: str, objects: Iterable[Mapping[str, str]]) -> None:
        """Keep objects of a class of an APIC."""
        with self._lock:
            kept = self._aci.setdefault(name, {})
            kept.update({item.get("dn", ""): dict(item) for item in objects})

    def ovn(self, found: Databases) -> None:
        """Keep OVN's databases as they were read by TCP or SSL."""
        with self._lock:
            self._ovn = {"nb": found.nb, "sb": found.sb}

    def addresses(self, host: str) -> list[str]:
        """Addresses that a host reports as its own, without loopback and link-local ones."""
        text = self._cli.get(host, {}).get("links", {}).get("out", "")
        found = [address for address, _ in LOCAL.findall(text)]
        return [a for a in found if not ipaddress.ip_address(a).is_loopback and a[:4] != "fe80"]

    # -- writing -----------------------------------------------------------------------

    def save(self, directory: Path, addresses: Mapping[str, str]) -> dict[str, int]:
        """Write the recorded cloud, for its owner only; `addresses` are those of the hosts, the
        gateway first.

        Returns how much of each source was kept. Raises ConfigError when the place is taken.
        """
        check_empty(directory)
        if self._anonymiser is not None:
            self._learn(self._anonymiser, addresses)
        with self._lock, _for_the_owner():
            kept = {
                source.recorded: getattr(self, f"save_{source.name}")(directory / source.name)
                for source in SOURCES
            }
            self._write(directory / "cloud.json", self._cloud(addresses))
        return kept

    def _learn(self, anonymiser: Anonymiser, addresses: Mapping[str, str]) -> None:
        """Networks first, then host names, so that replacements do not depend on the order."""
        kept = (self._api, self._db, self._cli, self._aci, self._ovn)
        for content in (item for answers in kept for item in answers.values()):
            anonymiser.learn(content)
        anonymiser.addresses.settle()
        roles = self._roles()
        for host in [*addresses, *sorted(self._cli)]:
            anonymiser.names.host(host, roles.get(host, "host"))

    def _roles(self) -> dict[str, str]:
        """Main role of each host, for its name: `compute-3` says more than `host-5`."""
        services = self._api.get(("compute", "/v2.1/os-services"), {}).get("items", [])
        agents = self._api.get(("network", "/v2.0/agents"), {}).get("items", [])
        hosts = join_hosts(services, [], agents)
        return {host["name"]: host["host_type"][0].lower() for host in hosts if host["host_type"]}

    def _cloud(self, addresses: Mapping[str, str]) -> Document:
        environment = self.environment
        region = environment.section(OpenStackSection).region or self._first_region()
        versions: dict[str, Any] = {}
        for (service_type, _), kept in sorted(self._api.items()):
            versions[service_type] = versions.get(service_type) or kept["microversion"]
        cloud = {
            "format": FORMAT,
            "region": region,
            "hosts": dict(addresses),
            "services": versions,
            "distribution": environment.distribution,
            "distribution_version": environment.distribution_version,
            "mechanism_drivers": environment.mechanism_drivers,
            "type_drivers": environment.type_drivers,
            "recorded_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "anonymised": self._anonymiser is not None,
        }
        shown: Document = self._shown(cloud, "cloud")
        return shown

    def _first_region(self) -> str:
        catalog = self._api.get(("identity", "/v3/auth/catalog"), {}).get("items", [])
        names = {str(e.get("region")) for s in catalog for e in s.get("endpoints") or ()}
        return min(names, default="")

    def save_api(self, directory: Path) -> int:
        """Write the answers of the API; returns how many there are."""
        for (service_type, path), kept in self._api.items():
            name = file_name(path)
            content = dict(kept)
            for part in ("items", "body"):
                if part in content:
                    resource = name.removesuffix("_detail").rpartition("_")[2]
                    content[part] = self._shown(content[part], resource)
            content["path"] = self._text(path)
            folder = directory / file_name(service_type)
            self._write(folder / f"{self._text(name)}.json", content)
        return len(self._api)

    def save_db(self, directory: Path) -> int:
        """Write the rows of each schema; returns the number of tables."""
        for place, tables in self._db.items():
            content = {name: self._shown(rows, name) for name, rows in sorted(tables.items())}
            self._write(directory / f"{file_name(self._place(place))}.json", content)
        return sum(map(len, self._db.values()))

    def _place(self, place: str) -> str:
        """A schema's name; that of a cell elsewhere, `<cell> at <server>`, has an address in it."""
        if self._anonymiser is None or CELL_AT not in place:
            return place
        return self._anonymiser.names.replace("cell", place)

    def save_aci(self, directory: Path) -> int:
        """Write the objects of each class of an APIC; returns the number of classes."""
        for name, objects in self._aci.items():
            items = [item for _, item in sorted(objects.items())]
            self._write(directory / f"{file_name(name)}.json", self._shown(items, name))
        return len(self._aci)

    def save_cli(self, directory: Path) -> int:
        """Write what each host printed; returns the number of hosts."""
        for host, said in self._cli.items():
            shown = self._anonymiser.names.host(host) if self._anonymiser else host
            folder = directory / file_name(shown)
            folder.mkdir(parents=True)
            index = {}
            for command, answer in said.items():
                name = file_name(command)
                index[name] = {"command": answer["command"], "exit": answer["exit"]}
                (folder / f"{name}.out").write_text(self._output(command, answer["out"]))
                if answer["err"]:
                    (folder / f"{name}.err").write_text(self._output("", answer["err"]))
            self._write(folder / "index.json", index)
        return len(self._cli)

    def save_ovn(self, directory: Path) -> int:
        """Write the tables of OVN's databases; returns the number of databases."""
        for name, tables in self._ovn.items():
            shown = self._anonymiser.ovn.value(tables) if self._anonymiser else tables
            self._write(directory / f"{name}.json", shown)
        return len(self._ovn)

    # -- what may be shown -------------------------------------------------------------

    def _note_secret(self, value: str) -> str:
        if len(value) >= SHORTEST_SECRET and value not in self._secrets:
            self._secrets.append(value)
            self._secrets.append(json.dumps(value)[1:-1])
        return value

    def _shown(self, content: Any, resource: str) -> Any:
        content = without_credentials(content)
        if self._anonymiser is not None:
            content = self._anonymiser.document(content, resource)
        return content

    def _output(self, command: str, text: str) -> str:
        text = _IN_TEXT.sub(r"\1\2\2", text)
        return self._text(self._anonymiser.output(command, text) if self._anonymiser else text)

    def _text(self, text: str) -> str:
        text = _IN_URL.sub("", text)
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def _write(self, path: Path, content: Any) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(content, indent=1, ensure_ascii=False, default=str)
        path.write_text(self._text(text) + "\n", encoding="utf-8")


@contextmanager
def _for_the_owner() -> Iterator[None]:
    """A recording holds answers of a cloud, so only its owner may read it."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def check_empty(directory: Path) -> None:
    """Raise ConfigError unless a recording may be written there."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise ConfigError(
            f"{directory}: is not an empty directory", hint="Give --to a directory that is new."
        )


def file_name(path: str) -> str:
    """`/v2.1/servers/detail` as `servers_detail`; other names without what a path could hold."""
    text = re.sub(r"^/v\d+(\.\d+)?/", "", path).strip("/")
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", text).strip(".")[:100] or "root"


def without_credentials(content: Any) -> Any:
    """The document without the fields that hold a credential, in JSON inside text too."""
    if isinstance(content, dict):
        return {
            key: without_credentials(value)
            for key, value in content.items()
            if not is_secret_key(str(key)) and not CREDENTIAL.search(str(key))
        }
    if isinstance(content, list):
        return [without_credentials(item) for item in content]
    if isinstance(content, str) and content[:1] in ("{", "[") and content[-1:] in ("}", "]"):
        try:
            return json.dumps(without_credentials(json.loads(content)))
        except ValueError:
            return content
    return content


def _joined(old: list[Document], new: Iterable[Document]) -> list[Document]:
    """Two readings of one list: rows with the same id are one row."""
    joined = {_identity(item): item for item in old}
    for item in new:
        name = _identity(item)
        joined[name] = joined.get(name, {}) | item
    return list(joined.values())


def _identity(item: Document) -> str:
    for key in ("id", "uuid"):
        if item.get(key) is not None:
            return f"{key}:{item[key]}"
    return json.dumps(item, sort_keys=True, default=str)
