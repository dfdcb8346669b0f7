"""The `calipso` command: global options, and the one place where errors become exit codes.

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 done with errors; 130 interrupted.
"""

from __future__ import annotations

import logging
import os
import platform
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from calipso import __version__
from calipso.cli import usage
from calipso.cli.lazy import LazyGroup
from calipso.cli.output import OPTIONS, clean, say
from calipso.errors import CalipsoError, StoreError
from calipso.utils.person import say_that_a_person_waits

INTERRUPTED = 130
LEVELS = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}

#: Variables that take precedence over the file of `-m`.
MONGO_VARIABLES = ("CALIPSO_MONGO_URL", "MONGO_URL", "CALIPSO_MONGO_URL_FILE")

#: Name of the file of `-m`, for `calipso config show`.
FROM_FLAG = "CALIPSO_MONGO_CONFIG_USED"

#: Libraries whose errors mean that a store or the broker is away.
STORES = {"pymongo": "MongoDB", "redis": "Redis", "kombu": "the broker", "bson": "MongoDB"}

app = typer.Typer(
    cls=LazyGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"calipso {__version__} (Python {platform.python_version()})")
        raise typer.Exit


@app.callback()
def calipso(
    mongo_config: Annotated[
        Path | None,
        typer.Option("-m", "--mongo-config", help="File of `key value` lines: where MongoDB is."),
    ] = None,
    verbose: Annotated[
        int,
        typer.Option(
            "-v", "--verbose", count=True, help="Log more; give it twice to log everything."
        ),
    ] = 0,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Show only data and errors.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks, HTTP exchanges and SSH logins.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """See the virtual network of an OpenStack cloud as it really is.

    First steps: calipso up, calipso env add, calipso scan run NAME --watch.
    """
    OPTIONS.quiet = quiet
    OPTIONS.debug = OPTIONS.debug or debug
    if mongo_config is not None:
        _use_mongo_config(mongo_config)
    everything = debug or verbose > 1
    _log_to_stderr(LEVELS.get(-1 if quiet else verbose, logging.DEBUG), everything)


def _log_to_stderr(level: int, everything: bool) -> None:
    """Log to standard error; with `everything` also HTTP and SSH, without secrets."""
    from calipso.settings import load_settings
    from calipso.utils.log import setup_logging

    setup_logging(logging.DEBUG if everything else level, load_settings(), libraries=everything)


def _use_mongo_config(path: Path) -> None:
    """Apply `-m` to this process and to the processes that it starts, which read the
    environment.
    """
    from calipso.settings import load_settings

    given = any(name in os.environ for name in MONGO_VARIABLES)
    url = load_settings(mongo_config=path).mongo_url
    if url and not given:
        os.environ["CALIPSO_MONGO_URL"] = url
        os.environ[FROM_FLAG] = str(path)


def main(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    OPTIONS.debug = OPTIONS.wide = False
    say_that_a_person_waits()
    try:
        command = typer.main.get_command(app)
        result = command.main(args=arguments, prog_name="calipso", standalone_mode=False)
    except SystemExit as end:
        if isinstance(end.code, str):
            say(f"error: {end.code}", always=True)
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `calipso inventory list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except typer.Abort:  # a question was not answered with yes
        say("stopped", always=True)
        return 1
    except CalipsoError as error:
        return _failed(error)
    except Exception as error:  # noqa: BLE001 - the shell: one line, exit 1
        return _misused(error) if usage.is_usage_error(error) else _failed(_as_ours(error))
    return int(result or 0)


def _misused(error: Exception) -> int:
    """Tell wrong usage. Help that is shown in place of a missing command is no error line."""
    if type(error).__name__ == "NoArgsIsHelpError":
        say(str(error), always=True)
        return usage.WRONG_USAGE
    message, hint = usage.told(error)
    say(f"error: {clean(message)}", always=True)
    say(f"hint: {clean(hint)}", always=True)
    return usage.WRONG_USAGE


def _as_ours(error: Exception) -> CalipsoError:
    """Return a StoreError for an error of a store's client, otherwise an error that reports a
    defect.
    """
    library = type(error).__module__.partition(".")[0]
    text = (str(error).splitlines() or [""])[0].partition(", Timeout:")[0]
    if library in STORES:
        wanted: CalipsoError = StoreError(f"{STORES[library]}: {text}", hint="Run `calipso check`.")
    else:
        where = f"{type(error).__name__}: {text}" if text else type(error).__name__
        wanted = CalipsoError(
            f"unexpected {where}", hint="This is a defect of calipso; --debug shows its place."
        )
    wanted.__cause__ = error
    return wanted


def _failed(error: CalipsoError) -> int:
    if OPTIONS.debug:
        say("".join(traceback.format_exception(error)).rstrip(), always=True)
    for line in clean(error.message, keep="\n").splitlines():
        say(f"error: {line}", always=True)
    if error.hint:
        say(f"hint: {clean(error.hint)}", always=True)
    return 1
