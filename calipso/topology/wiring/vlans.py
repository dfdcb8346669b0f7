"""VLAN tags of a frame on its way, and what ports of Open vSwitch and VLAN devices do to them.

A walk that starts at a bridge asks for the ways of all frames in it: they may be of any of its
VLANs (`open`), and `only` says of which the way lets pass. A frame that starts at an address of the
host is untagged.
"""

from __future__ import annotations

from typing import NamedTuple

from calipso.hostparse.ovsdb import Port

UNTAGGED = 0

#: Frames of more tags are nobody's traffic: VLAN devices in a loop would add them for ever.
MOST_TAGS = 3


class Tags(NamedTuple):
    """Tags that were added, the outermost last; `open`: below them is still the tag of the frame's
    VLAN in the bridge at the start. `only`: of which VLANs there frames come so far (None: all)."""

    known: tuple[int, ...] = ()
    open: bool = False
    only: frozenset[int] | None = None

    @property
    def outer(self) -> int | None:
        """The outermost tag, 0 for an untagged frame, None when it may be any."""
        if self.known:
            return self.known[-1]
        return None if self.open else UNTAGGED

    def push(self, vlan: int) -> Tags:
        """With one more tag around."""
        return self._replace(known=(*self.known, vlan))

    def pop(self) -> Tags:
        """Without the outermost tag."""
        return self._replace(known=self.known[:-1])

    def start_in(self, vlans: frozenset[int]) -> Tags | None:
        """The same for frames of these VLANs of the start only; None when none is left."""
        left = vlans if self.only is None else self.only & vlans
        return self._replace(only=left) if left else None

    def without_own(self, vlan: int) -> Tags | None:
        """Frames of one VLAN of the start, its tag taken off."""
        narrowed = self.start_in(frozenset({vlan}))
        return narrowed and narrowed._replace(open=False)


def leave(port: Port, tags: Tags) -> Tags | None:
    """Tags of a frame that leaves a bridge by a port; None when the port does not let it out."""
    mode, tag, outer = _mode(port), port.tag or UNTAGGED, tags.outer
    if mode in ("access", "dot1q-tunnel"):
        if outer is None:
            return tags.without_own(tag)
        if outer != tag:
            return None
        return tags.pop() if tag else tags
    if mode == "native-untagged" and outer == tag and tag:
        return tags.pop()
    return _through_trunk(port, tags)


def enter(port: Port, tags: Tags) -> Tags | None:
    """Tags of a frame that comes into a bridge by a port; None when the port drops it."""
    mode, tag, outer = _mode(port), port.tag or UNTAGGED, tags.outer
    if mode == "dot1q-tunnel":
        return tags.push(tag) if tag else tags
    if mode == "access":
        untagged = tags.without_own(UNTAGGED) if outer is None else tags
        if untagged is None or untagged.outer != UNTAGGED:
            return None
        return untagged.push(tag) if tag else untagged
    if mode.startswith("native") and outer == UNTAGGED and tag:
        return tags.push(tag)
    return _through_trunk(port, tags)


def down_vlan_device(vlan: int, tags: Tags) -> Tags:
    """Tags below a VLAN device of frames that leave by it; 0: its number was not told."""
    return tags.push(vlan) if vlan else tags


def up_vlan_device(vlan: int, tags: Tags) -> Tags | None:
    """Tags above a VLAN device of frames that come from the device below it."""
    if tags.outer is None:
        return tags.without_own(vlan)
    return tags.pop() if tags.outer == vlan else None


def _mode(port: Port) -> str:
    if port.vlan_mode:
        return port.vlan_mode
    return "trunk" if port.tag is None else "access"


def _through_trunk(port: Port, tags: Tags) -> Tags | None:
    """A trunk without a list lets all VLANs pass; the native one always does."""
    if not port.trunks:
        return tags
    native = {port.tag or UNTAGGED} if _mode(port).startswith("native") else set()
    allowed = frozenset(port.trunks) | native
    if tags.outer is None:
        return tags.start_in(allowed)
    return tags if tags.outer in allowed else None
