"""Ids and MAC addresses under other digits, the same everywhere they stand.

A digit is replaced depending on the digits before it only, so that what began alike still does:
`tap` and the first 11 characters of a port id name the same port as before.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

UUID = re.compile(
    r"(?<![0-9a-fA-F])[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    r"(?![0-9a-fA-F])|(?<![0-9a-fA-F])[0-9a-fA-F]{32}(?![0-9a-fA-F])"
)
#: Hashes, such as the `hostId` of a server.
HASH = re.compile(r"(?<![0-9a-fA-F])[0-9a-f]{40,128}(?![0-9a-fA-F])")
#: tap1a2b3c4d-5e, qr-1a2b3c4d-5e, brq1a2b3c4d-5e, tbr-1a2b3c4d-5: the beginning of an id.
DEVICE = re.compile(
    r"(?<![0-9A-Za-z])([a-z]{3}-?|[a-z]{2}-)([0-9a-f]{8}-[0-9a-f]{1,2})(?![0-9a-f-])"
)
MAC = re.compile(r"(?<![0-9A-Fa-f:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:])")

#: Version and variant of a uuid stay: some readers check them.
_FIXED = (12, 16)


class DigitMap:
    """Replaces hexadecimal digits, each by another that depends on those before it."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._shift = lru_cache(maxsize=1 << 18)(self._shift_after)

    def text(self, text: str) -> str:
        """The text with its ids, hashes, device names and MAC addresses replaced."""
        text = UUID.sub(lambda found: self.uuid(found[0]), text)
        text = HASH.sub(lambda found: self._digits(found[0], "hash"), text)
        text = DEVICE.sub(lambda found: found[1] + self.uuid(found[2]), text)
        return MAC.sub(lambda found: self.mac(found[0]), text)

    def uuid(self, text: str) -> str:
        """A uuid with or without dashes, or the beginning of one; that of zeros stays."""
        if not text.strip("0-"):
            return text
        return self._digits(text.lower(), "uuid", fixed=_FIXED)

    def mac(self, text: str) -> str:
        """A MAC address of the same maker. Broadcast and multicast addresses stay."""
        text = text.lower()
        if int(text[:2], 16) & 1 or text.startswith("00:00:00:"):
            return text
        return text[:9] + self.nic(text[9:])

    def nic(self, text: str) -> str:
        """The last three bytes of a MAC address."""
        return self._digits(text.lower(), "mac")

    def _digits(self, text: str, space: str, fixed: tuple[int, ...] = ()) -> str:
        seen, out = "", []
        for character in text:
            if character not in "0123456789abcdef":
                out.append(character)
                continue
            shift = 0 if len(seen) in fixed else self._shift(space, seen)
            out.append(f"{(int(character, 16) + shift) % 16:x}")
            seen += character
        return "".join(out)

    def _shift_after(self, space: str, seen: str) -> int:
        digest = hashlib.blake2b(f"{space}:{seen}".encode(), key=self._key, digest_size=1).digest()
        return digest[0] % 16
