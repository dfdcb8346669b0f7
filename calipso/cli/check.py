"""`calipso check`: tests each part, and says what to do about failures."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from calipso.cli import completing
from calipso.cli.output import ColumnOption, Format, FormatOption, clean, show_list, tell
from calipso.cli.stack.api import NAME as API
from calipso.cli.stack.api import ping_api
from calipso.cli.stack.rundir import RunDir
from calipso.errors import CalipsoError, StoreError
from calipso.model.sources import QUEUES
from calipso.settings import Settings, settings
from calipso.stores.ping import ping_mongo, ping_redis
from calipso.utils import store_addresses as stores
from calipso.utils.masking import mask_url

COLUMNS = ["about", "step", "ok", "seconds", "message", "hint"]
TIMEOUT = 2


@dataclass(frozen=True)
class Line:
    """The result of one check."""

    about: str  # "calipso", or the name of an environment
    step: str
    ok: bool
    message: str
    hint: str = ""
    seconds: float = 0.0


def check(
    environments: Annotated[
        list[str] | None,
        typer.Argument(
            help="Environments to check. Default: all.",
            metavar="ENV",
            autocompletion=completing.environments,
        ),
    ] = None,
    stack_only: Annotated[
        bool, typer.Option("--stack-only", help="Check stores, broker, workers and API only.")
    ] = False,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
) -> None:
    """Check stores, broker, workers, and API, databases and SSH of each environment.

    Each failing line has its remedy. Exit code 1 when something fails.

    Example: calipso check prod
    """
    lines = _lines(settings(), environments or [], stack_only=stack_only)
    good = True
    if output_format is Format.TABLE and not column:
        for line in lines:
            good = good and line.ok
            _print(line)
    else:
        found = list(lines)
        good = all(line.ok for line in found)
        show_list([vars(line) for line in found], COLUMNS, output_format, chosen=column)
    if not good:
        raise typer.Exit(1)


def _print(line: Line) -> None:
    word = typer.style("ok  ", fg="green") if line.ok else typer.style("FAIL", fg="red")
    about = "" if line.about == "calipso" else f"{line.about}: "
    tell(f"{word} {line.seconds:6.2f}s  {clean(about + line.step)}: {clean(line.message)}")
    if line.hint and not line.ok:
        tell(f"        {clean(line.hint)}")


def _lines(config: Settings, names: list[str], *, stack_only: bool) -> Iterator[Line]:
    stored = _try("MongoDB", lambda: _mongo(config))
    yield stored
    yield _try("Redis", lambda: _redis(config))
    if config.broker_url:
        yield _try("broker", lambda: _broker(config.broker_url or ""))
    yield _try("disk", lambda: _disk(config))
    if not stored.ok:  # all further checks read MongoDB
        return
    yield _try("size", _size)
    yield _try("workers", _workers)
    if address := _api_address(config):
        yield _try("API", lambda: _api(address))
    if not stack_only:
        yield from _environments(names)


def _try(step: str, look: Callable[[], str]) -> Line:
    began = time.monotonic()
    try:
        message, hint, ok = look(), "", True
    except CalipsoError as error:
        message, hint, ok = error.message, error.hint, False
    return Line("calipso", step, ok, message, hint, round(time.monotonic() - began, 3))


def _mongo(config: Settings) -> str:
    url = stores.mongo_url(config)
    return f"version {ping_mongo(url, TIMEOUT)} at {mask_url(url)}"


def _size() -> str:
    """Check the number of hosts. Too many hosts are a warning: Calipso works, but slowly."""
    from calipso.stores.config.embedded_size import embedded_warning

    warning = embedded_warning()
    return f"warning: {warning}" if warning else "the inventory fits its MongoDB"


def _redis(config: Settings) -> str:
    url = stores.redis_url(config)
    return f"version {ping_redis(url, TIMEOUT)} at {mask_url(url)}"


def _broker(url: str) -> str:
    """Check the broker of CELERY_BROKER_URL, of any kind, through kombu."""
    from kombu import Connection

    try:
        with Connection(url, connect_timeout=TIMEOUT) as connection:
            connection.ensure_connection(max_retries=1, timeout=TIMEOUT)
    except Exception as error:  # noqa: BLE001 - each transport raises its own kind
        raise StoreError(
            f"broker at {mask_url(url)}: {error}", hint="Is CELERY_BROKER_URL right?"
        ) from None
    return f"answers at {mask_url(url)}"


def _disk(config: Settings) -> str:
    home = config.data_dir()
    if problem := RunDir(home).disk_problem():
        raise StoreError(problem, hint="The stores stop writing when no space is left.")
    if warning := RunDir(home).disk_warning():
        return f"warning: {warning}; logs and stores grow, and stop when nothing is left"
    return f"{shutil.disk_usage(home).free // 1024**3} GB free in {home}"


def _workers() -> str:
    """Check that every queue of a scan has a worker."""
    from calipso.stores.scans.worker_store import WorkerStore, waiting_workers

    workers = WorkerStore().live()
    idle = [queue for queue in QUEUES if not any(queue in w["queues"] for w in workers)]
    if idle:
        raise StoreError(
            f"no worker is running for queue {', '.join(idle)}",
            hint="Start workers: `calipso up`. `calipso status` names their logs.",
        )
    if waiting := waiting_workers(workers):
        raise StoreError(
            waiting,
            hint="`calipso env test` shows which cloud is slow; its calls end by themselves. "
            "CALIPSO_THREADS gives the worker more.",
        )
    names = (f"{w['_id'].partition('#')[0]} ({', '.join(w['queues'])})" for w in workers)
    return "; ".join(sorted(names))


def _api_address(config: Settings) -> str:
    """Return the address of the API that `calipso up` runs; empty if it runs none."""
    children = RunDir(config.data_dir()).state().get("children", [])
    return next((str(item["address"]) for item in children if item["name"] == API), "")


def _api(address: str) -> str:
    ping_api(address, TIMEOUT)
    return f"answers at {address}"


def _environments(names: list[str]) -> Iterator[Line]:
    from calipso.probe.environment_test import test_environment
    from calipso.stores.config.environment_store import EnvironmentStore

    store = EnvironmentStore()
    for name in names or store.names():
        try:
            for step in test_environment(store.get(name)):
                yield Line(name, step.name, step.ok, step.message, step.hint, step.seconds)
        except CalipsoError as error:
            yield Line(name, "environment", False, error.message, error.hint)
