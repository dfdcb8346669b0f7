"""Network namespaces of a host and the devices in each."""

from __future__ import annotations

import re

from calipso.errors import ParseError
from calipso.hostparse.iplink import Device, parse_devices

_HEAD = re.compile(r"^netns: (.+)$", re.MULTILINE)
_EXIT = re.compile(r"\nexit: (\d+)\s*\Z")


def parse_namespaces(text: str) -> dict[str, dict[str, Device] | None]:
    """Return devices by namespace; None for a namespace whose devices could not be listed.

    A namespace cannot be entered when it is in another mount namespace (a container), when somebody
    removed it during the request, or when a crash left it behind. Raises ParseError.
    """
    found: dict[str, dict[str, Device] | None] = {}
    heads = list(_HEAD.finditer(text))
    if text.strip() and not heads:
        raise ParseError("ip netns: the answer has no namespace", sample=text)
    for position, head in enumerate(heads):
        end = heads[position + 1].start() if position + 1 < len(heads) else len(text)
        found[head[1]] = _namespace(head[1], text[head.end() : end])
    return found


def _namespace(name: str, body: str) -> dict[str, Device] | None:
    status = _EXIT.search(body)
    if status is None:
        raise ParseError(f"namespace {name}: the list of its devices broke off", sample=body)
    if status[1] != "0":
        return None
    try:
        return parse_devices(body[: status.start()], f"namespace {name}")
    except ParseError:
        return None  # the devices of the other namespaces can still be read
