"""List answers: filters, fields, pages with limit and marker, and the link to the next one."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from ..cloud import Body, Item, Listing
from ..generate.lazy import Lazy
from ..generate.nova import COMPUTE_URL
from .stage import Stage
from .versions import as_of

NOVA_PAGE = 1000  # osapi_max_limit
CACHED_BYTES = 200_000_000
NOT_FILTERS = {
    "limit", "marker", "page_reverse", "fields", "sort_key", "sort_dir",
    "all_tenants", "all_projects", "with_servers", "details",
}  # fmt: skip
#: Filters of the compute API that are named differently from the key they look at.
NOVA_FILTERS = {"host": "OS-EXT-SRV-ATTR:host", "project_id": "tenant_id", "uuid": "id"}
SINGULAR = {"availabilityZoneInfo": "availabilityZoneInfo", "security_groups": "security_group"}


@dataclass(frozen=True)
class Snapshot:
    """A list resource at one revision of the cloud, with the place of each id."""

    listing: Listing
    place: dict[str, int]


class Pages:
    """Encodes pages and remembers them until the cloud changes."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._lock = threading.Lock()
        self._revision = -1
        self._snapshots: dict[tuple[str, str], Snapshot] = {}
        self._pages: OrderedDict[tuple[str, ...], bytes] = OrderedDict()
        self._bytes = 0

    def page(self, service: str, resource: str, query: str, base: str, minor: int) -> bytes | None:
        """The body for a path of a service; None: there is no such path."""
        key = (service, resource, query, base, str(minor))
        with self._lock:
            if self._revision != self.stage.cloud.revision:
                self._revision = self.stage.cloud.revision
                self._snapshots.clear()
                self._pages.clear()
                self._bytes = 0
            if key in self._pages:
                return self._pages[key]
            found = self._find(service, resource)
            if found is None:
                return self._single(service, resource, base, minor)
            if isinstance(found, Body):
                return encode(found.body, base)
            body = encode(self._list(found, service, resource, query, base, minor), base)
            if isinstance(found.listing.items, Lazy):
                self._remember(key, body)
            return body

    def _remember(self, key: tuple[str, ...], body: bytes) -> None:
        self._pages[key] = body
        self._bytes += len(body)
        while self._bytes > CACHED_BYTES:
            _, dropped = self._pages.popitem(last=False)
            self._bytes -= len(dropped)

    def _find(self, service: str, resource: str) -> Snapshot | Body | None:
        known = self._snapshots.get((service, resource))
        if known:
            return known
        found = self.stage.cloud.api(service, resource)
        if found is None or isinstance(found, Body):
            return found
        if isinstance(found.items, Lazy):
            ids: Sequence[Any] = found.items.ids
        else:
            ids = [item.get("id", at) for at, item in enumerate(found.items)]
        snapshot = Snapshot(found, {str(each): at for at, each in enumerate(ids)})
        if isinstance(found.items, Lazy):
            self._snapshots[service, resource] = snapshot
        return snapshot

    def _single(self, service: str, resource: str, base: str, minor: int) -> bytes | None:
        """One object of a list: `ports/<id>`, `servers/<id>`."""
        parent, _, identity = resource.rpartition("/")
        for path in (parent, f"{parent}/detail"):
            found = self._find(service, path) if parent else None
            if isinstance(found, Snapshot) and identity in found.place:
                at = found.place[identity]
                key = found.listing.key
                item = self._shape(service, key, found.listing.items[at], at + 1, minor)
                return encode({SINGULAR.get(key, key.removesuffix("s")): item}, base)
        return None

    def _shape(self, service: str, key: str, item: Item, number: int, minor: int) -> Item:
        return as_of(key, item, number, minor) if service == "compute" else item

    # -- lists ---------------------------------------------------------------------------

    def _list(
        self, found: Snapshot, service: str, resource: str, query: str, base: str, minor: int
    ) -> Item:
        params = parse_qsl(query, keep_blank_values=True)
        plain = dict(params)
        items, key = found.listing.items, found.listing.key
        place = found.place
        filters = [(name, value) for name, value in params if name not in NOT_FILTERS]
        if filters:
            items = filtered(items, filters, service)
            place = {str(item.get("id", at)): at for at, item in enumerate(items)}
        limit = int(plain["limit"]) if plain.get("limit", "").isdigit() else 0
        if service == "compute" and key == "servers":
            limit = min(limit, NOVA_PAGE) if limit else NOVA_PAGE
        start = place.get(plain.get("marker", ""), -1) + 1
        stop = start + limit if limit else len(items)
        page = [
            self._shape(service, key, item, number, minor)
            for number, item in enumerate(items[start:stop], start=start + 1)
        ]
        fields = {value for name, value in params if name == "fields"}
        if fields:
            page = [{name: item[name] for name in item if name in fields} for item in page]
        body: Item = {key: page}
        if limit and page:
            more = links(service, resource, params, page, base, last=stop >= len(items))
            if more:
                body[f"{key}_links"] = more
        if service == "identity":
            body["links"] = {"next": None, "self": f"{base}/v3/{resource}", "previous": None}
        return body


def filtered(items: Sequence[Item], filters: list[tuple[str, str]], service: str) -> list[Item]:
    """The items whose fields have one of the values asked for."""
    wanted: dict[str, set[str]] = {}
    for name, value in filters:
        field = NOVA_FILTERS.get(name, name) if service == "compute" else name
        wanted.setdefault(field, set()).add(value.lower())
    return [
        item
        for item in items
        if all(str(item.get(name)).lower() in values for name, values in wanted.items())
    ]


def links(
    service: str,
    resource: str,
    params: list[tuple[str, str]],
    page: list[Item],
    base: str,
    *,
    last: bool,
) -> list[Item]:
    """The links of a page: Nova gives the next one, Neutron the previous one too."""
    root = f"{base}/compute/v2.1" if service == "compute" else f"{base}/network/v2.0"
    kept = [(name, value) for name, value in params if name not in ("marker", "page_reverse")]

    def link(relation: str, marker: str, *more: tuple[str, str]) -> Item:
        query = urlencode([*kept, ("marker", marker), *more])
        return {"rel": relation, "href": f"{root}/{resource}?{query}"}

    found = [] if last else [link("next", str(page[-1].get("id")))]
    if service == "network" and "limit" in dict(params):
        found.append(link("previous", str(page[0].get("id")), ("page_reverse", "True")))
    return found


def encode(body: Item, base: str) -> bytes:
    """JSON with the addresses of this server in its links."""
    text = json.dumps(body)
    text = text.replace(COMPUTE_URL.removesuffix("/v2.1"), f"{base}/compute")
    return text.replace("http://identity.sample/v3", f"{base}/v3").encode()
