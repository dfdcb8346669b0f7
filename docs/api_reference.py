"""A page of the documentation site, made when it is built: every operation of the API.

`mkdocs.yml` names this module as a hook. Made of the declarations, so it needs no check.
"""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from typing import Any

from mkdocs.structure.files import File, Files

from calipso.api.app import ROOT, create_app
from calipso.api.operation import Need, Operation

NAME = "api-reference.md"
HEAD = """# Operations of the API

Every operation, with who may call it; of environments, each user sees those that it may view. Paths
are below `/api/v1`. A server describes their parameters, bodies and answers at `/api/v1/doc`, where
you can try them, and at `/api/v1/openapi.json`. [How to use them](api.md).
"""
WHO = {
    Need.NOTHING: "everybody",
    Need.LOGIN: "every user",
    Need.OPERATE: "operators, in environments they may edit",
    Need.REPORT: "what reports results, with a token of its own",
    Need.ADMIN: "admins",
}


def on_files(files: Files, config: Any) -> Files:
    """Add the page to those of the folder."""
    files.append(File.generated(config, NAME, content=page()))
    return files


def operations() -> dict[str, list[tuple[str, str, Operation, str]]]:
    """First word of the path -> its operations: path, method, declaration, first sentence."""
    app = create_app()
    found: defaultdict[str, list[tuple[str, str, Operation, str]]] = defaultdict(list)
    for rule in app.url_map.iter_rules():
        view = getattr(app.view_functions[rule.endpoint], "view_class", None)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            handler = getattr(view, method.lower(), None)
            declared = getattr(handler, "operation", None)
            if declared is not None:
                path = re.sub(r"<(?:\w+:)?(\w+)>", r"<\1>", str(rule).removeprefix(ROOT))
                says = (inspect.getdoc(handler) or "").splitlines()[0]
                found[path.split("/")[1]].append((path, method, declared, says))
    return found


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for name, calls in sorted(operations().items()):
        parts.append(f"\n## {name}\n\n| Operation | Who | |\n|---|---|---|\n")
        for path, method, declared, says in sorted(calls, key=lambda call: call[:2]):
            says = says.replace("|", "\\|")
            parts.append(
                f"| `{method} {path}` | {WHO.get(declared.need, declared.need)} | {says} |\n"
            )
    return "".join(parts)
