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
        default="inventory", description="Inventory collection; others are named after it."
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
        description="Most calls at once to one OpenStack service, of all workers together. Few: "
        "the people of the cloud come first, and a list is read page after page anyway.",
    )
    db_timeout: float = Field(default=30.0, description="Seconds a SQL query may take.")
    ssh_connect_timeout: float = Field(
        default=10.0, description="Seconds to connect and log in to a host by SSH."
    )
    hosts_at_once: int = Field(
        default=8,
        ge=1,
        description="Hosts that one task of `cli` asks at the same time: it waits for all of them "
        "together, as many as it has. Fewer load the gateway less, and leave more to other "
        "workers.",
    )
    ssh_host_sessions: int = Field(
        default=2,
        ge=1,
        description="Most SSH sessions at once on one host, of all workers together. A scan needs "
        "one; the second lets `calipso env test` look while it runs.",
    )
    ssh_gateway_sessions: int = Field(
        default=16,
        ge=1,
        description="Most SSH sessions at once on a gateway, of all workers together. Each worker "
        "process holds one for the length of a scan and reaches all hosts through it: not below "
        "the number of processes that serve `cli`.",
    )
    slot_wait: float = Field(
        default=300.0,
        gt=0,
        description="Seconds to wait in line for an SSH session or an API call when the limit is "
        "reached; then the host, or the call, is reported as not read. The line is served in "
        "order, so only a cloud that hardly answers makes anyone wait so long.",
    )
    slot_lease: float = Field(
        default=15.0,
        ge=1.0,
        description="Seconds after which the SSH session or API call of a worker that was killed "
        "no longer counts; its holder renews it four times as often.",
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
        description="Seconds between two looks of the watchdog at running scans. What got lost "
        "waits that much longer; a look is one read of the scans that run and of their open tasks.",
    )
    task_attempts: int = Field(
        default=3,
        ge=1,
        description="How often a task is tried before it is given up and reported; how many "
        "workers the planning of a level may take with it before the scan fails. Losing one or two "
        "is chance; what has ended three (memory, mostly) would end the next, with all it does.",
    )
    connection_test_seconds: float = Field(
        default=120.0,
        ge=1.0,
        description="Seconds a connection test of the API may take; what is not answered by then "
        "has failed. Above the time limits of one API call, query or login, which tell more.",
    )
    worker_lost_after: float = Field(
        default=15.0,
        ge=3.0,
        description="Seconds without a heartbeat after which a worker counts as lost, and others "
        "take over what it had begun. Heartbeats come every 2 seconds: a store that restarts, or a "
        "machine that stalls for a moment, does not lose a worker. Too short costs work done "
        "twice, nothing else.",
    )
    lost_message_after: float = Field(
        default=10.0,
        description="Seconds a sent task may be in no queue and on no worker before it counts as "
        "lost and is sent again. Above the time a worker takes from a message to its first write; "
        "sending twice is harmless.",
    )
    longest_task: float = Field(
        default=900.0,
        description="Seconds a task may run on a living worker before another one takes it over. "
        "Far above what the time limits of the sources let a batch of hosts take.",
    )
    graph_task_seconds: float = Field(
        default=1500.0,
        ge=60.0,
        description="Seconds one link finder, one portion of cliques, or the planning of a level "
        "or end of a scan may take; what is not done by then is given up and reported, its links "
        "stay as they were. A finder goes through the whole cloud: far above what 1,000 hosts "
        "take on a slow machine, and below the 30 minutes RabbitMQ waits for a worker.",
    )
    advance_lease: float = Field(
        default=60.0,
        description="Seconds a living worker has to plan and send the next level (or the end) of "
        "a scan; after that another may (one that died: after `worker_lost_after`). Above the time "
        "the planning of the largest cloud takes, though planning twice is harmless.",
    )
    answer_lease: float = Field(
        default=15.0,
        ge=1.0,
        description="Seconds without a sign of life after which the right to ask a host goes to "
        "another worker; its holder renews it four times as often.",
    )
    answers_ttl: int = Field(
        default=86400, description="Seconds the answers of a scan are kept for resuming it."
    )

    retention_days_tasks: float = Field(
        default=1.0,
        description="Days the tasks of a finished scan are kept. Here and in the next four, "
        "0: for ever.",
    )
    retention_days_scans: float = Field(
        default=90.0,
        description="Days a finished scan with its coverage report, and a connection test, are "
        "kept; the last whole scan of an environment always is.",
    )
    retention_days_changes: float = Field(
        default=365.0, description="Days the history of changes is kept."
    )
    retention_days_messages: float = Field(
        default=14.0, description="Days the log lines of scans are kept (`calipso scan log`)."
    )
    retention_days_workers: float = Field(
        default=1.0,
        description="Days a worker is remembered that went without goodbye (killed, cut off): long "
        "enough to find out in the morning which one was lost at night. Each start of a worker has "
        "a name of its own, so that they add up.",
    )
    retention_days_audit: float = Field(
        default=365.0,
        ge=0,
        description="Days the audit is kept (who changed what). A year: what is asked about after "
        "an outage, or by an auditor, lies further back than the memory of people. 0: for ever.",
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


class Settings(ApiSettings, CoreSettings):
    """Every setting, with its default and meaning. `docs/settings.md` is generated from it."""

    model_config = SettingsConfigDict(env_prefix="CALIPSO_", extra="ignore")

    def data_dir(self) -> Path:
        """The data directory as an absolute path, made if it is missing."""
        path = self.home.expanduser().absolute()
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
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
        lines = [f"setting {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
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
