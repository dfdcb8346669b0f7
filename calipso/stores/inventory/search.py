"""Search by name, id, MAC and IP address, in an index in memory.

To find a part of a name, MongoDB reads every object, and not every server has a text index. So a
process keeps one text per environment: a line for each object, with its name, id and addresses.
50,000 objects take about 10 MB; a search for a part of a name takes milliseconds.
"""

from __future__ import annotations

import ipaddress
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum
from functools import cache
from typing import Any

from bson import ObjectId

from calipso.model.types import COMMON, OBJECT_TYPES, Search, object_type

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Fields that an index reads: the fields that declarations of types mark for search.
FIELDS = (
    "type",
    *dict.fromkeys(
        field.name
        for fields in (COMMON, *(declared.fields for declared in OBJECT_TYPES.values()))
        for field in fields
        if field.search is not None
    ),
)

_FIELD, _LINE = b"\x1f", b"\n"
_CONTROL = re.compile("[\x00-\x1f]+")
_MAC = re.compile(r"(?:[0-9a-f]{2}[:-]?){5}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}")
_KEY = 12  # bytes of an ObjectId


class Rank(IntEnum):
    """How well an object matches the search, the best first."""

    EXACT = 0  # name, id, MAC or IP address equals the search text
    NETWORK = 1  # an address in the searched range, or a network that contains the searched address
    BEGINNING = 2  # the name begins with the search text
    WORD = 3  # another key of the object begins with the search text
    PART = 4


class SearchIndex:
    """The search index of one environment."""

    def __init__(self, objects: Iterable[Mapping[str, Any]]) -> None:
        rows = sorted((str(item["type"]), _line(item), item["_id"].binary) for item in objects)
        self.types = sorted({kind for kind, _, _ in rows})
        numbers = {kind: number for number, kind in enumerate(self.types)}
        self._type = array("H", (numbers[kind] for kind, _, _ in rows))
        self._keys = b"".join(key for _, _, key in rows)
        self._text = _LINE.join([b"", *(line for _, line, _ in rows), b""])
        self._starts = array("Q")
        position = 0
        for _, line, _ in rows:
            self._starts.append(position)
            position += len(line) + len(_LINE)
        self._addresses: list[tuple[int, int, int]] | None = None
        self._networks: list[tuple[Network, int]] | None = None

    def __len__(self) -> int:
        """Number of objects."""
        return len(self._starts)

    @property
    def size(self) -> int:
        """Approximate size in bytes."""
        return len(self._text) + len(self._keys) + 10 * len(self)

    def find(
        self, words: str, limit: int, types: Iterable[str] = ()
    ) -> list[tuple[Rank, ObjectId]]:
        """Return the objects that match best, `limit` at most, best first."""
        wanted = {self.types.index(kind) for kind in types if kind in self.types}
        if types and not wanted:
            return []
        found: dict[int, Rank] = {}  # the order of insertion: best first
        for rank, lines in self._ways(spellings(words)):
            for line in lines:
                if line not in found and (not wanted or self._type[line] in wanted):
                    found[line] = rank
                    if len(found) == limit:
                        return self._answer(found)
        return self._answer(found)

    def _answer(self, found: Mapping[int, Rank]) -> list[tuple[Rank, ObjectId]]:
        return [
            (rank, ObjectId(self._keys[line * _KEY : (line + 1) * _KEY]))
            for line, rank in found.items()
        ]

    def _ways(self, given: list[str]) -> Iterator[tuple[Rank, Iterator[int]]]:
        """Yield the texts to look for, the best match first."""
        texts = [word.encode("utf-8", "replace") for word in given]
        for word in texts:
            yield Rank.EXACT, self._lines(_FIELD + word + _FIELD)
        yield Rank.NETWORK, self._near(given)
        for word in texts:
            yield Rank.BEGINNING, self._lines(_LINE + _FIELD + word)
        for word in texts:
            yield Rank.WORD, self._lines(_FIELD + word)
        for word in texts:
            yield Rank.PART, self._lines(word)

    def _lines(self, pattern: bytes) -> Iterator[int]:
        """Yield the numbers of the lines that contain this text, in order."""
        at = self._text.find(pattern)
        while at >= 0:
            # the pattern may begin with the end of the line before
            line = bisect_right(self._starts, at) - 1
            yield line
            if line + 1 == len(self._starts):
                return
            at = self._text.find(pattern, self._starts[line + 1])

    def _near(self, given: list[str]) -> Iterator[int]:
        """Yield objects with an address in this range, and networks that contain this address."""
        for word in given:
            network, address = as_network(word), as_address(word)
            if address is not None:
                yield from (line for own, line in self._known_networks() if address in own)
            elif network is not None:
                yield from self._within(network)

    def _within(self, network: Network) -> Iterator[int]:
        if self._addresses is None:
            self._addresses = sorted(
                (address.version, int(address), line) for address, line in self._parsed(as_address)
            )
        first, last = int(network.network_address), int(network.broadcast_address)
        low = bisect_left(self._addresses, (network.version, first, 0))
        high = bisect_right(self._addresses, (network.version, last, len(self)))
        yield from (self._addresses[position][2] for position in range(low, high))

    def _known_networks(self) -> list[tuple[Network, int]]:
        if self._networks is None:
            self._networks = list(self._parsed(as_network))
        return self._networks

    def _parsed(self, parse: Callable[[str], Any]) -> Iterator[tuple[Any, int]]:
        """Yield every word that `parse` understands, with its line."""
        for line, text in enumerate(self._text[1:-1].split(_LINE)):
            for word in text.strip(_FIELD).split(_FIELD):
                if (b"." in word or b":" in word) and len(word) < 50:
                    found = parse(word.decode("utf-8", "replace"))
                    if found is not None:
                        yield found, line


def spellings(words: str) -> list[str]:
    """Return a search text in stored form: MAC addresses with colons, IP addresses in
    normal form.
    """
    word = _CONTROL.sub(" ", words).strip().lower()
    mac = as_mac(word)
    address = as_address(word)
    network = as_network(word) if "/" in word else None
    return list(dict.fromkeys(str(item) for item in (mac, address, network, word) if item))


def as_mac(word: str) -> str | None:
    """Return a MAC address of any notation with colons; None for other text."""
    if not _MAC.fullmatch(word.lower()):
        return None
    digits = re.sub("[^0-9a-f]", "", word.lower())
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def as_address(word: str) -> Address | None:
    """Return an IP address; None for other text."""
    try:
        return ipaddress.ip_address(word)
    except ValueError:
        return None


def as_network(word: str) -> Network | None:
    """Return a range of addresses such as `10.0.0.0/24`; None for other text."""
    if "/" not in word:
        return None
    try:
        return ipaddress.ip_network(word, strict=False)
    except ValueError:
        return None


def _line(item: Mapping[str, Any]) -> bytes:
    words: list[Any] = [item.get("name", item["id"]), item["id"]]
    for name, how in _searched(str(item["type"])):
        value = item.get(name)
        if value:
            words += _read(value, how)
    known = dict.fromkeys(
        _CONTROL.sub(" ", str(word)).lower()[:500].encode("utf-8", "replace")
        for word in words
        if word
    )
    return _FIELD + _FIELD.join(known) + _FIELD


@cache
def _searched(name: str) -> tuple[tuple[str, Search], ...]:
    """Return the fields of a type that search reads, with the way to read each."""
    fields = (*COMMON, *object_type(name).fields)
    return tuple((field.name, field.search) for field in fields if field.search is not None)


def _read(value: Any, how: Search) -> Iterable[Any]:
    """Yield the search keys that a field gives an object."""
    if how is Search.MAC:
        return [as_mac(str(value))]
    if how is Search.ADDRESS:
        return _addresses(value)
    if how is Search.NETWORK:
        return [as_network(str(word)) for word in _listed(value) if word]
    return [value]


def _addresses(value: Any) -> Iterator[Address | None]:
    """Yield the addresses of a field: one or several, also with a prefix length or in `address` of
    a dict.
    """
    for one in _listed(value) if value else ():
        if isinstance(one, Mapping):
            one = one.get("address") or one.get("ip_address") or ""
        yield as_address(str(one).partition("/")[0].partition("%")[0])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
