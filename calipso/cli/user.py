"""`calipso user`: who may use the API, and what they may do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from calipso.cli import completing
from calipso.cli.output import (
    ColumnOption,
    Format,
    FormatOption,
    SortOption,
    say,
    show_list,
    show_one,
)
from calipso.cli.passwords import on_terminal, read_password
from calipso.errors import ConfigError
from calipso.model.user import Role, User, user_name
from calipso.stores.people.audit_store import AuditStore
from calipso.stores.people.token_store import Method, TokenStore
from calipso.stores.people.user_store import UserStore, all_grants, parse_grants

app = typer.Typer(help="Users of the API: add, list, passwd, token, remove.")

DAY = 86_400

Name = Annotated[str, typer.Argument(help="Name of the user.", autocompletion=completing.users)]
RoleOption = Annotated[
    Role,
    typer.Option(
        "--role", help="viewer reads, operator also scans and changes, admin does everything."
    ),
]
GrantOption = Annotated[
    list[str] | None,
    typer.Option(
        "--grant",
        metavar="ENVIRONMENT=view|edit",
        help="Right of the user in an environment; `*` means every environment. It may be given "
        "several times.",
    ),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="File with the password, `-`: standard input."),
]

LIST_COLUMNS = ["name", "role", "grants", "origin", "disabled"]
TOKEN_COLUMNS = ["id", "method", "label", "issued_at", "expires_at", "used_at"]


@app.command()
def add(
    name: Name,
    role: RoleOption = Role.VIEWER,
    grant: GrantOption = None,
    password_file: PasswordFile = None,
    without_password: Annotated[
        bool,
        typer.Option(
            "--without-password", help="Make a user for scripts, who logs in with tokens only."
        ),
    ] = False,
) -> None:
    """Add a local user; its password comes by prompt or --password-file."""
    try:
        user = User(name=user_name(name), role=role, grants=parse_grants(grant or ()))
    except ValueError as error:
        raise ConfigError(f"{name}: not a valid name for a user", hint=str(error)) from None
    store = UserStore()
    store.add(user, None if without_password else _password(user.name, password_file))
    AuditStore().add_command("user add", user.name, ["role", *(["grants"] if grant else [])])
    say(f"user {user.name} is stored")
    if role is not Role.ADMIN and not grant:
        say(f"It sees no environment yet: calipso user grant {user.name} ENVIRONMENT=view")


@app.command(name="list")
def list_users(
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
    sort_column: SortOption = None,
) -> None:
    """List all users."""
    rows = [_row(user) for user in UserStore().all()]
    show_list(rows, LIST_COLUMNS, output_format, chosen=column, sort_column=sort_column)


@app.command()
def show(
    name: Name, output_format: FormatOption = Format.TABLE, column: ColumnOption = None
) -> None:
    """Show one user; grants include those that environments give (`auth` of their documents)."""
    user = UserStore().get(name)
    row = _row(user.model_copy(update={"grants": all_grants(user)}))
    row |= {"created_at": user.created_at, "tokens": len(TokenStore().of(user.name))}
    show_one(row, output_format, chosen=column)


def _row(user: User) -> dict[str, Any]:
    grants = [f"{environment}={grant}" for environment, grant in sorted(user.grants.items())]
    row = {"name": user.name, "role": user.role.value, "grants": grants}
    return row | {"origin": user.origin.value, "disabled": user.disabled}


@app.command()
def passwd(name: Name, password_file: PasswordFile = None) -> None:
    """Set a password by prompt or --password-file. Sessions of the user end."""
    store = UserStore()
    user = store.get(name)
    store.set_password(user.name, _password(user.name, password_file))
    AuditStore().add_command("user passwd", user.name, ["password"])
    say(f"the password of {user.name} is set; sessions that began with the old one have ended")


@app.command()
def grant(
    name: Name,
    grants: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ENVIRONMENT=view|edit]...", help="Grants to add; `*`: all."),
    ] = None,
    withdraw: Annotated[
        list[str] | None,
        typer.Option(
            "--withdraw", metavar="ENVIRONMENT", help="Withdraw the grant for this environment."
        ),
    ] = None,
    role: Annotated[Role | None, typer.Option("--role", help="Also change the role.")] = None,
    enabled: Annotated[
        bool | None,
        typer.Option(
            "--enable/--disable", help="Allow the user to log in, or forbid it.", show_default=False
        ),
    ] = None,
) -> None:
    """Change the rights of a user: grants, role, and whether the user may log in."""
    store = UserStore()
    user = store.get(name)
    given = parse_grants(grants or ())
    changes = {"grants": given or withdraw, "role": role, "disabled": enabled is not None}
    if not any(changes.values()):
        raise ConfigError("nothing to change", hint="Give ENVIRONMENT=view, --role or --disable.")
    if given or withdraw:
        store.grant(user.name, given, withdraw or ())
    user = store.change(user.name, role=role, disabled=None if enabled is None else not enabled)
    AuditStore().add_command("user grant", user.name, [key for key, on in changes.items() if on])
    show_one(_row(user))


@app.command()
def remove(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Remove a user and its tokens."""
    store = UserStore()
    user = store.get(name)
    if not yes:
        if not sys.stdin.isatty():
            raise ConfigError(f"user {user.name} would be removed", hint="Add --yes.")
        typer.confirm(f"Remove user {user.name}?", abort=True, err=True)
    store.remove(user.name)
    AuditStore().add_command("user remove", user.name)
    say(f"user {user.name} is removed")


@app.command()
def token(
    name: Name,
    days: Annotated[
        int, typer.Option("--days", min=1, max=3650, help="Days until the token expires.")
    ],
    label: Annotated[str, typer.Option("--name", help="Purpose of the token.")] = "",
) -> None:
    """Make a token for a script. It is shown only once, on standard output.

    It has the rights of the user. We recommend a separate user for each script, made with
    --without-password.
    """
    user = UserStore().get(name)
    issued, stored = TokenStore().issue(
        user.name, days * DAY, method=Method.SERVICE, label=label[:100]
    )
    AuditStore().add_command("user token", f"{user.name}/{stored['key']}", ["days", "label"])
    typer.echo(issued)
    say(f"good for {days} days; calipso user revoke {user.name} {stored['key']} ends it")


@app.command()
def tokens(
    name: Name, output_format: FormatOption = Format.TABLE, column: ColumnOption = None
) -> None:
    """List the valid tokens of a user, oldest first: their ids, not the tokens themselves."""
    rows = [item | {"id": item["key"]} for item in TokenStore().of(UserStore().get(name).name)]
    shown = [{key: row.get(key) for key in (*TOKEN_COLUMNS, "ends_at")} for row in rows]
    show_list(shown, TOKEN_COLUMNS, output_format, chosen=column)


@app.command()
def revoke(
    name: Name,
    key: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="Id of the token; `user tokens` lists them."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All tokens of the user.")] = False,
) -> None:
    """Revoke a token and the tokens exchanged for it, or all tokens of a user."""
    user = UserStore().get(name)
    if (key is None) is not everything:
        raise ConfigError("which token?", hint=f"Give an id of `user tokens {user.name}` or --all.")
    if key is None:
        count = UserStore().revoke_all(user.name)
        say(f"{count} tokens of {user.name} have ended")
    else:
        TokenStore().revoke_key(user.name, key)
        say(f"token {key} of {user.name} has ended")
    AuditStore().add_command("user revoke", f"{user.name}/{key or '*'}")


def _password(name: str, path: Path | None) -> str:
    """Return the password from a file or standard input, otherwise by two prompts.

    Arguments are public.
    """
    if path is not None:
        return read_password(path)
    if on_terminal():
        question = f"Password of {name}"
        return str(typer.prompt(question, hide_input=True, confirmation_prompt=True, err=True))
    raise ConfigError(
        f"no password for {name}",
        hint="Give --password-file FILE (`-`: standard input), or run on a terminal.",
    )
