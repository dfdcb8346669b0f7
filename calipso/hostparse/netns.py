"""Network namespaces of a host and the devices in each.

A namespace that cannot be entered or read costs that namespace only; `Namespaces.broken` says why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from calipso.errors import ParseError
from calipso.hostparse.iplink import Devices, parse_devices

#: `ip netns list` adds the id by which the host's own devices name the namespace.
_HEAD = re.compile(r"^netns: (.+?)(?: \(id: (\d+)\))?$", re.MULTILINE)
_EXIT = re.compile(r"\nexit: (\d+)\s*\Z")


class Namespaces(dict[str, Devices | None]):
    """Devices by namespace; None for a namespace whose devices could not be listed.

    A namespace cannot be entered when somebody removed it or a crash left it behind. If its answer
    cannot be read, `broken` has the cause. `ids` has the host's ids of namespaces (`link_netnsid`
    of devices), for those that have an id.
    """

    def __init__(
        self,
        found: Mapping[str, Devices | None] | None = None,
        ids: Mapping[str, int] | None = None,
        broken: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(found or {})
        self.ids = dict(ids or {})
        self.broken = dict(broken or {})


def parse_namespaces(text: str) -> Namespaces:
    """Return devices by namespace.

    Raises ParseError for an answer without a namespace or its end.
    """
    found = Namespaces()
    heads = list(_HEAD.finditer(text))
    if text.strip() and not heads:
        raise ParseError("ip netns: the answer has no namespace", sample=text)
    for position, head in enumerate(heads):
        end = heads[position + 1].start() if position + 1 < len(heads) else len(text)
        name, body = head[1], text[head.end() : end]
        if head[2]:
            found.ids[name] = int(head[2])
        status = _EXIT.search(body)
        if status is None:
            raise ParseError(f"namespace {name}: the list of its devices broke off", sample=body)
        found[name] = None
        if status[1] == "0":
            try:
                found[name] = parse_devices(body[: status.start()], f"namespace {name}")
            except ParseError as error:  # the other namespaces can be read all the same
                found.broken[name] = error.message
    return found
