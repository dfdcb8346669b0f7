"""`calipso mcp`: a read-only server of the Model Context Protocol, over standard streams."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from calipso import __version__
from calipso.cli.mcp_tools import INSTRUCTIONS, Tools
from calipso.cli.rest_client import RestClient
from calipso.errors import CalipsoError, ConfigError, InstallationError
from calipso.settings import settings

TOKEN = "CALIPSO_API_TOKEN"  # noqa: S105 - the name of a variable


def mcp(
    url: Annotated[
        str | None,
        typer.Option(
            "--url", metavar="URL", help="Address of the REST API. Default: that of `api_bind`."
        ),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file",
            metavar="FILE",
            help=f"File with a token of the API. Default: the variable {TOKEN}.",
        ),
    ] = None,
) -> None:
    """Serve read-only tools to a program that speaks the Model Context Protocol, on its streams.

    It reads from the REST API with a token, so it sees what the user of the token may see. Make one
    for a viewer: calipso user token. It needs the extra: pip install "calipso[mcp]".

    Example: calipso mcp --url https://calipso.example.org --token-file token
    """
    server = make_server(RestClient(url or f"http://{settings().api_bind}", _token(token_file)))
    server.run("stdio")


def _token(file: Path | None) -> str:
    if file is None:
        token = os.environ.get(TOKEN, "")
    else:
        try:
            token = file.read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigError(
                f"{file}: {error.strerror}", hint="Give a file that exists."
            ) from None
    if not token.strip():
        raise ConfigError("no token is given", hint=f"--token-file FILE, or {TOKEN}.")
    return token.strip()


def make_server(api: RestClient) -> Any:
    """The server with its tools. Raises InstallationError without the SDK."""
    try:
        from mcp.server.mcpserver import MCPServer
        from mcp.types import ToolAnnotations
    except ImportError:
        raise InstallationError(
            "the package mcp is not installed", hint='pip install "calipso[mcp]"'
        ) from None
    server = MCPServer("calipso", instructions=INSTRUCTIONS, version=__version__, log_level="ERROR")
    reading = ToolAnnotations(
        read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    )
    for tool in Tools(api).all():
        server.tool(annotations=reading, structured_output=False)(_told(tool))
    return server


def _told(tool: Callable[..., Any]) -> Callable[..., str]:
    """A tool that answers JSON text; an error is an answer, with its hint."""

    @wraps(tool)
    def called(*given: Any, **named: Any) -> str:
        try:
            found = tool(*given, **named)
        except CalipsoError as error:
            found = {"error": error.message, "hint": error.hint}
        return json.dumps(found, ensure_ascii=False)

    called.__annotations__ = {**tool.__annotations__, "return": str}
    return called
