"""EventPolicy: a rule for sharing or for quality of service, or a tag, changed."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.events.event_rescan import EventRescan, items_of, word
from calipso.discover.events.notification import data_of
from calipso.model.documents import Document
from calipso.model.events import Scope, Target

#: Kinds of objects that such a notification names, and what is looked at.
KINDS = {
    "network": Scope.NETWORK,
    "networks": Scope.NETWORK,
    "port": Scope.PORT,
    "ports": Scope.PORT,
    "router": Scope.ROUTER,
    "routers": Scope.ROUTER,
    "security_group": Scope.SECURITY_GROUP,
}


class EventPolicy(EventRescan):
    """The object that an RBAC rule or a tag names; of a policy for quality of service its users."""

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return the objects that are named."""
        for policy in items_of(notification, "rbac_policy", "rbac_policies"):
            if target := _target(policy, "object_type", "object_id"):
                yield target
        if target := _target(data_of(notification), "obj_resource", "obj_resource_id"):
            yield target
        if word(notification, "event_type").startswith("qos_policy."):
            for policy in items_of(notification, "policy", "policies"):
                yield from self._users(word(policy, "id"))

    def _users(self, policy: str) -> Iterable[Target]:
        for kind, scope in (("network", Scope.NETWORK), ("port", Scope.PORT)):
            query = {"environment": self.inv.environment, "type": kind}
            for item in self.inv.find_items(query, ["id", "qos_policy_id"]):
                if item.get("qos_policy_id") == policy:
                    yield Target(scope, str(item["id"]))


def _target(item: Document, kind: str, key: str) -> Target | None:
    scope, found = KINDS.get(word(item, kind)), word(item, key)
    return Target(scope, found) if scope and found else None
