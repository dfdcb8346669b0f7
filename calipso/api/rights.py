"""Rights on documents of an environment that may have been removed."""

from __future__ import annotations

from calipso.api.auth.caller import Caller
from calipso.errors import Forbidden


def must_edit(caller: Caller, environment: str) -> None:
    """Raises Forbidden for a caller who may not change this environment.

    For documents the caller has been shown already: whether the environment still exists does not
    matter, as it does for `Caller.may_edit`.
    """
    if not caller.edits(environment):
        raise Forbidden(
            f"{caller.name} may not change environment {environment}",
            hint="An admin may give you `edit` on it.",
        )
