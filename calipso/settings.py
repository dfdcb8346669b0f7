"""Settings of the Calipso processes: flags > CALIPSO_* > mongo.conf > defaults.

What belongs to one cloud (addresses, credentials, drivers) is no setting: it lives in
the `environments_config` collection.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from calipso.errors import ConfigError
from calipso.settings_api import ApiSettings
from calipso.settings_events import EventSettings
from calipso.validation_words import said

DEFAULT_MONGO_CONF = Path("/etc/calipso/mongo.conf")


class CoreSettings(BaseSettings):
    """Stores, sources, workers, retention."""

    home: Path = Field(
        default=Path("var"),
        description="Data directory: embedded stores, logs, process ids, key file.",
    )
    config_dir: Path | None = Field(
        default=None,
        description="Directory searched first for scanners.json, link_finders.json, "
        "clique_types.json and constants.json.",
    )
    mongo_url: str | None = Field(
        default=None,
        description="MongoDB URL. Empty: the embedded server of `calipso up`.",
    )
    mongo_database: str = Field(default="calipso", description="MongoDB database name.")
    redis_url: str | None = Field(
        default=None,
        description="Redis URL (result backend). Empty: the embedded server of `calipso up`.",
    )
    broker_url: str | None = Field(
        default=None, description="Celery broker URL. Empty: the Redis of `redis_url`."
    )
    inventory: str = Field(
        default="inventory",
        description="Name of the inventory collection. The names of links and cliques follow it.",
    )
    key_file: Path | None = Field(
        default=None,
        description="File with the keys that encrypt stored credentials, newest first. "
        "Empty: `secret.keys` in the data directory, made at first use.",
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log_json: bool = Field(default=False, description="Log JSON lines instead of text.")
    api_timeout: float = Field(
        default=30.0, description="Seconds an OpenStack API call may take to answer."
    )
    api_page_size: int = Field(default=1000, description="Items asked for per page.")
    api_parallel: int = Field(
        default=4,
        ge=1,
        description="Maximum calls at once to one OpenStack service, of all workers together. "
        "It is low because users of the cloud come first, and pages of a list follow each other.",
    )
    db_timeout: float = Field(default=30.0, description="Seconds a SQL query may take.")
    ssh_connect_timeout: float = Field(
        default=10.0, description="Seconds to connect and log in to a host by SSH."
    )
    hosts_at_once: int = Field(
        default=8,
        ge=1,
        description="Hosts that one task of `cli` asks at the same time. A lower number loads the "
        "gateway less and leaves more hosts to other workers.",
    )
    ssh_host_sessions: int = Field(
        default=2,
        ge=1,
        description="Maximum SSH sessions at once on one host, of all workers together. A scan "
        "needs one; with the second, `calipso env test` works during a scan.",
    )
    ssh_gateway_sessions: int = Field(
        default=16,
        ge=1,
        description="Maximum SSH sessions at once on a gateway, of all workers together. Each "
        "worker process holds one for a whole scan and reaches all hosts through it. Set it to the "
        "number of processes that serve `cli`, or higher.",
    )
    slot_wait: float = Field(
        default=300.0,
        gt=0,
        description="Seconds to wait in line for an SSH session or an API call when the limit is "
        "reached. After that the host or the call is reported as not read. The line is served "
        "in order, so only a cloud that hardly answers causes so long a wait.",
    )
    slot_lease: float = Field(
        default=15.0,
        ge=1.0,
        description="Seconds after which the SSH session or API call of a worker that was killed "
        "no longer counts; its holder renews it four times as often.",
    )
    source_memory: int = Field(
        default=288,
        ge=32,
        description="Megabytes that answers of clouds may take in one worker process while they "
        "are read, all threads together. Beyond that, the scan or test that holds most gives up "
        "the answer that it reads, with an error. Tasks may keep three times as many of answers "
        "that were read. A page of 1,000 ports counts as 6. Several clouds of more than 20,000 "
        "instances that are scanned at the same time need 1500.",
    )
    source_networks: str = Field(
        default="",
        description="Networks that workers may connect to, separated by commas "
        "(`192.0.2.0/24, 2001:db8::/32`). Empty: all, except link-local addresses (there the "
        "metadata of clouds are offered) and the addresses of the MongoDB, Redis and broker of "
        "these settings. A network that is given here allows the link-local addresses in it; the "
        "own stores are refused always.",
    )
    command_timeout: float = Field(
        default=30.0, description="Seconds one command may run on a host."
    )
    host_timeout: float = Field(
        default=90.0, description="Seconds all commands of a scan may take on one host."
    )
    threads: int = Field(default=16, description="Threads of the api, db and cli worker.")
    processes: int = Field(default=2, description="Processes of the links and cliques worker.")
    watchdog_interval: float = Field(
        default=5.0,
        ge=0.5,
        description="Seconds between two checks of running scans by the watchdog. A lost task "
        "waits up to this long. A check reads the running scans and their open tasks once.",
    )
    task_attempts: int = Field(
        default=3,
        ge=1,
        description="How often a task is tried before it is given up and reported. Also how many "
        "workers may be lost while they plan a level, before the scan fails. One or two losses may "
        "be chance. A task that ended three workers (by its memory, mostly) would end the next.",
    )
    connection_test_seconds: float = Field(
        default=120.0,
        ge=1.0,
        description="Seconds a connection test of the API may take. A step without an answer by "
        "then has failed. Keep it above the limits of one API call, query and login: they report "
        "more.",
    )
    worker_lost_after: float = Field(
        default=15.0,
        ge=3.0,
        description="Seconds without a heartbeat after which a worker counts as lost, and others "
        "take over its tasks. Heartbeats come every 2 seconds, so a store that restarts or a "
        "machine that stalls for a moment does not lose a worker. A value that is too low only "
        "repeats work.",
    )
    lost_message_after: float = Field(
        default=10.0,
        description="Seconds a sent task may be in no queue and on no worker before it counts as "
        "lost and is sent again. Keep it above the time between a message and the first write "
        "of a worker. A task that is sent twice does no harm.",
    )
    longest_task: float = Field(
        default=900.0,
        description="Seconds a task may run on a living worker before another one takes it over. "
        "Keep it far above the time that the limits of the sources allow for a batch of hosts.",
    )
    graph_task_seconds: float = Field(
        default=1500.0,
        ge=60.0,
        description="Seconds one link finder, one portion of cliques, or the planning of a level "
        "or end of a scan may take. After that it is given up and reported, and its links stay "
        "as they were. Keep it far above the time for 1,000 hosts on a slow machine, and below "
        "the 30 minutes that RabbitMQ waits for a worker.",
    )
    advance_lease: float = Field(
        default=60.0,
        description="Seconds a living worker has to plan and send the next level (or the end) of "
        "a scan. After that another worker may do it (after `worker_lost_after`, when the first "
        "died). Keep it above the planning time of the largest cloud; planning twice does no harm.",
    )
    answer_lease: float = Field(
        default=15.0,
        ge=1.0,
        description="Seconds without a sign of life after which the right to ask a host goes to "
        "another worker; its holder renews it four times as often.",
    )
    answers_ttl: int = Field(
        default=86400, description="Seconds for which the answers of a scan are kept to resume it."
    )

    retention_days_tasks: float = Field(
        default=1.0,
        description="Days the tasks of a finished scan are kept. 0 means for ever, here and in the "
        "next four settings.",
    )
    retention_days_scans: float = Field(
        default=90.0,
        description="Days a finished scan with its coverage report, and a connection test, are "
        "kept. The last whole scan of an environment is always kept.",
    )
    retention_days_changes: float = Field(
        default=365.0, description="Days the history of changes is kept."
    )
    retention_days_messages: float = Field(
        default=14.0, description="Days the log lines of scans are kept (`calipso scan log`)."
    )
    retention_days_workers: float = Field(
        default=1.0,
        description="Days for which a worker that disappeared (killed, cut off) is listed: long "
        "enough to see in the morning which worker was lost at night. Each start of a worker has "
        "a name of its own, so old names add up.",
    )
    retention_days_audit: float = Field(
        default=365.0,
        ge=0,
        description="Days the audit is kept (who changed what). Questions after an outage, or of "
        "an auditor, may concern changes of a year ago. 0: for ever.",
    )
    metrics_port: int = Field(
        default=0,
        ge=0,
        le=65000,
        description="Port of the Prometheus metrics of worker `sources`; `graph` has the next "
        "one, `sources-2` the one after, and so on. 0: no metrics.",
    )
    metrics_address: str = Field(
        default="127.0.0.1", description="Address on which workers offer their metrics."
    )
    worker_max_memory: int = Field(
        default=1000,
        ge=0,
        description="Megabytes a process of the links and cliques worker may use; one that uses "
        "more is replaced when its task has ended. 0: no limit.",
    )
    flower_port: int = Field(
        default=5555,
        description="Port of Flower (`calipso up --flower`); when it is taken, another free one.",
    )


class Settings(ApiSettings, CoreSettings, EventSettings):
    """Every setting, with its default and meaning. `docs/settings.md` is generated from it."""

    model_config = SettingsConfigDict(env_prefix="CALIPSO_", extra="ignore")

    def home_dir(self) -> Path:
        """The data directory as an absolute path, whether it exists or not."""
        return self.home.expanduser().absolute()

    def data_dir(self) -> Path:
        """The data directory, made if it is missing. Raises ConfigError when it cannot be made."""
        path = self.home_dir()
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigError(
                f"the data directory {path} cannot be made: {error.strerror or error}",
                hint="Set CALIPSO_HOME to a directory in which you may write.",
            ) from error
        return path


def read_mongo_conf(path: Path) -> str:
    """MongoDB URL from the seed's `key value` file (server, port, user, pwd, auth_db)."""
    values: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        key, _, value = line.strip().partition(" ")
        if key and value and not key.startswith("#"):
            values[key] = value.strip()
    login = ""
    if values.get("user"):
        login = f"{quote(values['user'], safe='')}:{quote(values.get('pwd', ''), safe='')}@"
    host = values.get("server", "localhost")
    auth = f"?authSource={quote(values.get('auth_db', 'calipso'))}" if login else ""
    return f"mongodb://{login}{host}:{values.get('port', '27017')}/{auth}"


def load_settings(**flags: Any) -> Settings:
    """Settings from flags, environment and mongo.conf.

    `mongo_config` names the file of the `-m` option. Raises ConfigError naming each bad field.
    """
    conf = flags.pop("mongo_config", None)
    given = {key: value for key, value in flags.items() if value is not None}
    for name in ("mongo_url", "redis_url", "broker_url"):
        plain = "CELERY_BROKER_URL" if name == "broker_url" else name.upper()
        if name not in given and f"CALIPSO_{name.upper()}" not in os.environ:
            value = os.environ.get(plain) or _from_file(f"CALIPSO_{name.upper()}_FILE")
            if value:
                given[name] = value
    try:
        settings = Settings(**given)
    except ValidationError as error:
        lines = [f"setting {'.'.join(map(str, e['loc']))}: {said(e)}" for e in error.errors()]
        raise ConfigError("\n".join(lines), hint="See docs/settings.md.") from None
    path = Path(conf) if conf else DEFAULT_MONGO_CONF
    if conf and not path.is_file():
        raise ConfigError(f"{path}: no such file", hint="Give -m a file of `key value` lines.")
    if settings.mongo_url is None and path.is_file():
        settings.mongo_url = read_mongo_conf(path)
    return settings


def _from_file(variable: str) -> str | None:
    name = os.environ.get(variable)
    return Path(name).read_text(encoding="utf-8").strip() if name else None


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return load_settings()
