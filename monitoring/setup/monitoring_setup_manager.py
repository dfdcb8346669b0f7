"""MonitoringSetupManager: renders files for a monitoring system, and puts them in place.

Levels as in the original: `none`, `db` (rendered files are kept in `monitoring_config`), `files`
(they are also written below a folder), `deploy` (they are also put on the hosts and the server).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from calipso.errors import CalipsoError, ConfigError
from calipso.model.documents import Document
from calipso.model.environment import Environment
from calipso.model.inventory import derived_key
from calipso.model.sections import OtherSection
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.driver import ReplaceOne
from monitoring.runner.asking import connections_of
from monitoring.setup import icinga2, nagios, places, prometheus, sensu
from monitoring.setup.places import Here, OnHost, Place
from monitoring.setup.rendering import Job, host_files, jobs
from monitoring.setup.templates import in_force


class Runner(StrEnum):
    """Monitoring systems that files are rendered for."""

    NAGIOS = "nagios"
    ICINGA2 = "icinga2"
    SENSU_GO = "sensu-go"
    SENSU_CORE = "sensu-core"
    PROMETHEUS = "prometheus"


class Level(StrEnum):
    """How far the setup goes."""

    NONE = "none"
    DB = "db"
    FILES = "files"
    DEPLOY = "deploy"


@dataclass(frozen=True)
class Commands:
    """How a runner checks its files, and takes them."""

    check: str = ""
    reload: str = ""


#: What is done in one place: its name, files and commands -> what came of it.
Work = Callable[[str, Mapping[str, str], Commands], str]
#: Hosts that are worked on at the same time.
AT_ONCE = 8

#: On the server. A program that is not there has nothing to say: the files are put all the same.
SERVER = {
    Runner.NAGIOS: Commands(
        "nagios4 -v /etc/nagios4/nagios.cfg",
        "systemctl reload nagios4 2>&1 || service nagios4 reload",
    ),
    Runner.ICINGA2: Commands(
        "icinga2 daemon -C", "systemctl reload icinga2 2>&1 || service icinga2 reload"
    ),
    Runner.SENSU_GO: Commands(),
    Runner.SENSU_CORE: Commands("", "service sensu-server restart"),
    Runner.PROMETHEUS: Commands("promtool check rules /etc/prometheus/calipso-*.rules.yml"),
}
#: On each host.
HOST = {
    Runner.NAGIOS: Commands("", "service nagios-nrpe-server reload"),
    Runner.SENSU_CORE: Commands("", "service sensu-client restart"),
}


@dataclass(frozen=True)
class Rendered:
    """Files of the server, and of each host, by their absolute paths."""

    server: dict[str, str]
    hosts: dict[str, dict[str, str]]

    def flat(self) -> Iterator[tuple[str, str, str]]:
        """Yield (`server` or `hosts/<host>`, path, text) in order."""
        yield from (("server", path, text) for path, text in sorted(self.server.items()))
        for host, files in sorted(self.hosts.items()):
            yield from ((f"hosts/{host}", path, text) for path, text in sorted(files.items()))


class MonitoringSetupManager:
    """Setup of one runner for one environment."""

    def __init__(self, environment: str, runner: Runner, api: str = "127.0.0.1:8000") -> None:
        self.environment: Environment = EnvironmentStore().get(environment)
        self.runner = runner
        self.api = api
        self.inv = InventoryMgr()

    @property
    def name(self) -> str:
        """Name of the environment."""
        return self.environment.name

    def render(self) -> Rendered:
        """Return the files. The same inventory gives the same files, byte for byte.

        Raises ConfigError for an environment that was not scanned.
        """
        if self.runner is Runner.PROMETHEUS:
            return Rendered(prometheus.files(self.name, self.api), {})
        found = list(jobs(self.inv, self.name))
        if not found:
            raise ConfigError(
                f"{self.name}: there is nothing to check", hint=f"calipso scan run {self.name}"
            )
        server, own = self._files(found)
        hosts = host_files(found)
        for host, files in own.items():
            hosts[host] |= files
        return Rendered(server, hosts)

    def _files(self, found: list[Job]) -> sensu.Files:
        if self.runner is Runner.NAGIOS:
            return nagios.files(self.name, found, self.api)
        if self.runner is Runner.ICINGA2:
            return icinga2.files(self.name, found)
        if self.runner is Runner.SENSU_GO:
            return sensu.go_files(self.name, found)
        stored = list(self.inv.db["monitoring_config_templates"].find({}, sort=[("_id", 1)]))
        return sensu.core_files(self.name, found, in_force(stored), self._values())

    def _values(self) -> Document:
        """What fills the places of templates: the section Monitoring without its secrets."""
        values: Document = {"env_name": self.name, "app_path": self.environment.app_path}
        values["mechanism_drivers"] = list(self.environment.mechanism_drivers)
        for section in self.environment.configuration:
            if isinstance(section, OtherSection) and section.name == "Monitoring":
                more = section.model_extra or {}
                values |= {k: v for k, v in more.items() if "pass" not in k}
        return values

    # -- levels --------------------------------------------------------------------------

    def keep(self, rendered: Rendered) -> int:
        """Level db: keep the files in `monitoring_config`; returns their number."""
        where = {"environment": self.name, "runner": str(self.runner)}
        writes, keys = [], []
        for side, path, text in rendered.flat():
            key = derived_key(self.name, str(self.runner), side, path)
            document = where | {"_id": key, "path": f"{side}{path}", "text": text}
            writes.append(ReplaceOne({"_id": key}, document, upsert=True))
            keys.append(key)
        collection = self.inv.db["monitoring_config"]
        stored = [item["_id"] for item in collection.find(where, {"_id": 1})]
        for start in range(0, len(writes), 100):
            collection.bulk_write(writes[start : start + 100], ordered=False)
        gone = sorted(set(stored) - set(keys))
        if gone:
            collection.delete_many({"_id": {"$in": gone}})
        return len(writes)

    def write(self, rendered: Rendered, folder: Path) -> list[Path]:
        """Level files: write them below a folder; returns what changed. Old files of ours go.

        Raises ConfigError for a file there that is not ours.
        """
        wanted = {folder / side / path.lstrip("/"): text for side, path, text in rendered.flat()}
        changed = []
        for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
            if path.is_file() and path not in wanted and _ours(path):
                path.unlink()
                changed.append(path)
        for path, text in wanted.items():
            if path.exists() and not _ours(path):
                raise ConfigError(f"{path} is there and was not made by Calipso")
            if path.exists() and path.read_text(encoding="utf-8") == text:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
        return changed

    def deploy(
        self,
        rendered: Rendered,
        server: str = "",
        *,
        dry_run: bool = False,
        tell: Callable[[str], None] = lambda _: None,
        place_of: Callable[[str], Place] | None = None,
    ) -> dict[str, str]:
        """Level deploy: put the files on `server` (empty: this machine) and on the hosts.

        Returns of each place what was done; one that fails does not hide the others.
        """
        open_place = place_of or self._place

        def put(name: str, files: Mapping[str, str], commands: Commands) -> str:
            place = open_place(name)
            found = list(places.changes(place, files))
            for path, before, after in found if dry_run else ():
                tell(f"{place.name}: {places.diff(path, before, after)}")
            if found and not dry_run:
                check, again = _there(commands.check, place), _there(commands.reload, place)
                places.replace(place, found, check, again)
            word = "would change" if dry_run else "changed"
            return f"{len(found)} files {word}" if found else "as it should be"

        return self._everywhere(rendered, server, put)

    def _everywhere(self, rendered: Rendered, server: str, work: Work) -> dict[str, str]:
        """Do something on the hosts, some at a time, then on the server."""

        def one(name: str, files: Mapping[str, str], commands: Commands) -> str:
            try:
                return work(name, files, commands)
            except CalipsoError as error:
                return f"failed: {error.message}"

        commands = HOST.get(self.runner, Commands())
        hosts = sorted(rendered.hosts.items())
        with ThreadPoolExecutor(AT_ONCE) as pool:
            said = pool.map(lambda host: one(host[0], host[1], commands), hosts)
            done = dict(zip((name for name, _ in hosts), said, strict=True))
        label = server or "this machine"
        more = one(server, rendered.server, SERVER[self.runner])
        done[label] = f"{done[label]}; as the server: {more}" if label in done else more
        return done

    def status(self, rendered: Rendered, server: str = "") -> dict[str, str]:
        """Return of each place whether its files are as they should be."""
        return self.deploy(rendered, server, dry_run=True)

    def remove(
        self,
        rendered: Rendered,
        server: str = "",
        place_of: Callable[[str], Place] | None = None,
    ) -> dict[str, str]:
        """Remove our files from the server and the hosts, and what level db kept."""
        open_place = place_of or self._place

        def take(name: str, files: Mapping[str, str], commands: Commands) -> str:
            place = open_place(name)
            gone = places.remove(place, sorted(files), _there(commands.reload, place))
            return f"{len(gone)} files removed"

        done = self._everywhere(rendered, server, take)
        where = {"environment": self.name, "runner": str(self.runner)}
        self.inv.db["monitoring_config"].delete_many(where)
        return done

    def _place(self, name: str) -> Place:
        return OnHost(connections_of(self.environment), name) if name else Here()


def _ours(path: Path) -> bool:
    try:
        return places.marked(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return False


def _there(command: str, place: Place) -> str:
    """The command, when its program is installed there; otherwise nothing."""
    if not command:
        return ""
    program = command.split()[0]
    found = place.run(f"command -v {program} >/dev/null 2>&1")
    return command if found.status == 0 else ""
