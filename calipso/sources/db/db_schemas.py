"""Which schema of a MySQL server is Nova's, Neutron's, Keystone's: their tables show it."""

from __future__ import annotations

from collections.abc import Mapping

from calipso.errors import DbAccessError, ErrorKind

#: Tables that a schema of each kind has.
SIGNATURES: dict[str, frozenset[str]] = {
    "nova": frozenset({"instances", "instance_info_caches"}),
    "nova_api": frozenset({"aggregates", "cell_mappings"}),
    "neutron": frozenset({"agents", "networks"}),
    "keystone": frozenset({"project"}),
}

#: The tables discovery looks for.
TABLES = sorted(frozenset().union(*SIGNATURES.values()))

DEFAULT = "nova"


def find_schemas(tables: Mapping[str, set[str]], wanted: str, server: str) -> dict[str, list[str]]:
    """Schemas of each kind.

    `wanted` is `schema` of the mysql section. If one server holds several clouds, it names the
    Nova schema of ours; the names of the others follow it (`prod_nova` -> `prod_neutron`). For a
    kind of which there are several, `choose` raises an error.
    """
    found: dict[str, list[str]] = {}
    for kind, signature in SIGNATURES.items():
        found[kind] = sorted(name for name, has in tables.items() if signature <= has)
    if wanted != DEFAULT:
        cells = [name for name in found["nova"] if name == wanted or name.startswith(f"{wanted}_")]
        if not cells:
            raise _problem(
                server, "nova", f"there is no Nova schema {wanted}", ", ".join(found["nova"])
            )
        found["nova"] = cells
    for kind in ("nova_api", "neutron", "keystone"):
        ours = wanted.replace("nova", kind) if "nova" in wanted else kind
        if len(found[kind]) > 1 and ours in found[kind]:
            found[kind] = [ours]
    return found


def choose(found: Mapping[str, list[str]], kind: str, server: str) -> list[str]:
    """Schemas to read for a kind: all cells of Nova, one of any other.

    Raises DbAccessError that says what is there and which setting decides.
    """
    schemas = found[kind]
    if not schemas:
        needed = ", ".join(sorted(SIGNATURES[kind]))
        raise _problem(
            server, kind, f"no schema that the account can read has the tables {needed}", ""
        )
    if kind != "nova" and len(schemas) > 1:
        raise _problem(server, kind, f"several schemas may be {kind}", ", ".join(schemas))
    return schemas


def _problem(server: str, kind: str, said: str, there: str) -> DbAccessError:
    names = f" (there: {there})" if there else ""
    return DbAccessError(
        f"MySQL {server}: {said}{names}",
        kind=ErrorKind.SCHEMA,
        hint=f"Name the Nova schema of this cloud in `schema` of the mysql section; that of {kind} "
        "follows its name."
        if there
        else f"GRANT SELECT ON the {kind} schema to the account of the mysql section.",
        server=server,
        schema=kind,
    )
