"""Identity API v3: login, catalogue, and what an administrator may list."""

from __future__ import annotations

import secrets
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sample_cloud.cloud import Listing
from tests.sample_cloud.serve.stage import Stage

Reply = tuple[int, dict[str, Any], dict[str, str]]

#: service type -> name and path under the one address that serves all of them.
SERVICES = {
    "compute": ("nova", "/compute/v2.1"),
    "identity": ("keystone", "/v3/"),
    "network": ("neutron", "/network"),
}
ROLES = ("member", "admin", "reader")
UNAUTHORIZED: Reply = (
    401,
    {
        "error": {
            "code": 401,
            "message": "The request you have made requires authentication.",
            "title": "Unauthorized",
        }
    },
    {"WWW-Authenticate": "Keystone"},
)


class Keystone:
    """Issues tokens and knows them again."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        #: addresses of the APIs of further regions
        self.more_regions: dict[str, str] = {}
        self._tokens: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def knows(self, token: str | None) -> bool:
        """Is this a token of ours?"""
        return token is not None and token in self._tokens

    def login(self, body: Any, base: str) -> Reply:
        """POST /v3/auth/tokens with a user's password."""
        auth = body.get("auth", {}) if isinstance(body, dict) else {}
        user = auth.get("identity", {}).get("password", {}).get("user", {})
        account = self.stage.api
        right = user.get("password") == account.password and (
            user.get("name") == account.user or user.get("id") == self._id("user")
        )
        if not right or self.stage.faults.at("wrong-password", "api"):
            return UNAUTHORIZED
        scope = auth.get("scope")
        project = self._project(scope.get("project", {})) if isinstance(scope, dict) else None
        if isinstance(scope, dict) and project is None:
            return UNAUTHORIZED
        token = secrets.token_urlsafe(48)
        document = self._token(project, base)
        with self._lock:
            self._tokens[token] = document
        return 201, {"token": document}, {"X-Subject-Token": token, "Vary": "X-Auth-Token"}

    def get(self, path: str, token: str, base: str) -> Reply | None:
        """Answers about the token itself; None: not ours."""
        if path == "/v3/auth/catalog":
            return 200, {"catalog": self._catalog(base), "links": _links(base, path)}, {}
        if path == "/v3/auth/tokens":
            return 200, {"token": self._tokens[token]}, {"X-Subject-Token": token}
        if path in ("/v3/services", "/v3/endpoints"):
            return 200, self._admin_list(path[4:], base), {}
        return None

    # -- parts ---------------------------------------------------------------------------

    def _projects(self) -> list[dict[str, Any]]:
        found = self.stage.cloud.api("identity", "projects")
        return list(found.items) if isinstance(found, Listing) else []

    def _project(self, wanted: dict[str, Any]) -> dict[str, Any] | None:
        for project in self._projects():
            if wanted.get("id") == project["id"] or wanted.get("name") == project["name"]:
                return project
        return None

    def _id(self, of: str) -> str:
        return (of.encode().hex() * 8)[:32]

    def _token(self, project: dict[str, Any] | None, base: str) -> dict[str, Any]:
        now = datetime.now(UTC)
        domain = {"id": "default", "name": "Default"}
        document: dict[str, Any] = {
            "methods": ["password"],
            "user": {
                "domain": domain,
                "id": self._id("user"),
                "name": self.stage.api.user,
                "password_expires_at": None,
            },
            "audit_ids": [secrets.token_urlsafe(16)],
            "expires_at": f"{now + timedelta(hours=24):%Y-%m-%dT%H:%M:%S}.000000Z",
            "issued_at": f"{now:%Y-%m-%dT%H:%M:%S}.000000Z",
        }
        if project is not None:
            document["project"] = {
                "domain": domain,
                "id": project["id"],
                "name": project["name"],
            }
            document["is_domain"] = False
            document["roles"] = [{"id": self._id(role), "name": role} for role in ROLES]
            document["catalog"] = self._catalog(base)
        return document

    def _catalog(self, base: str) -> list[dict[str, Any]]:
        cloud = self.stage.cloud
        below = {name: f"{base}/{name}" for name in cloud.others}
        regions = {cloud.region: base, **below, **self.more_regions}
        return [
            {
                "endpoints": [
                    {
                        "id": self._id(f"{region[-3:]}{kind}{interface}"),
                        "interface": interface,
                        "region_id": region,
                        "url": (base if kind == "identity" else address) + path,
                        "region": region,
                    }
                    for region, address in regions.items()
                    if kind != "identity" or region not in self.more_regions
                    for interface in ("internal", "public", "admin")
                ],
                "id": self._id(kind),
                "type": kind,
                "name": name,
            }
            for kind, (name, path) in SERVICES.items()
        ]

    def _admin_list(self, resource: str, base: str) -> dict[str, Any]:
        items: list[dict[str, Any]] = []
        for service in self._catalog(base):
            if resource == "services":
                shown = {key: service[key] for key in ("name", "id", "type")}
                items.append(shown | {"enabled": True, "links": {}})
            else:
                items += [
                    endpoint | {"service_id": service["id"], "enabled": True, "links": {}}
                    for endpoint in service["endpoints"]
                ]
        return {resource: items, "links": _links(base, f"/v3/{resource}")}


def _links(base: str, path: str) -> dict[str, Any]:
    return {"next": None, "self": base + path, "previous": None}
