"""Two environments with something of every kind, users of every kind, and every operation.

A new resource needs a line here: what stands for the values in its path (`KEYS`), what a good body
is (`BODIES`), what its query must say (`QUERIES`). Without it the tests say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database

from calipso.api.app import ROOT
from calipso.api.operation import Operation
from calipso.model.scan import ScanRequest
from calipso.model.user import Grant, Role, User
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.mongo_access import MongoAccess
from calipso.stores.monitoring.alert_store import AlertStore
from calipso.stores.people.token_store import Method, TokenStore
from calipso.stores.people.user_store import UserStore
from calipso.stores.scans.scan_store import ScanStore
from calipso.stores.scans.worker_store import WorkerStore
from tests.api.big import Big

Document = dict[str, Any]

OWN, FOREIGN = "own-cloud", "foreign-cloud"
PASSWORD = "S3CRET-users-password"
QUEUES = ["scan", "api", "db", "cli", "links", "cliques"]
WHEN = datetime(2026, 5, 4, 3, tzinfo=UTC)

#: Who asks: role and grants.
CALLERS: dict[str, tuple[Role, dict[str, Grant]]] = {
    "viewer": (Role.VIEWER, {OWN: Grant.VIEW}),
    "viewer with edit": (Role.VIEWER, {OWN: Grant.EDIT}),
    "watching operator": (Role.OPERATOR, {OWN: Grant.VIEW}),
    "operator": (Role.OPERATOR, {OWN: Grant.EDIT}),
    "monitor": (Role.MONITORING, {OWN: Grant.EDIT}),
    "admin": (Role.ADMIN, {}),
}
#: What each is called.
NAMES = {who: who.replace(" ", "-") for who in CALLERS}


@dataclass(frozen=True)
class Call:
    """An operation of the application."""

    method: str
    rule: str  # "/links/<string:key>"
    operation: Operation

    @property
    def label(self) -> str:
        return f"{self.method} {self.rule}"

    @property
    def noun(self) -> str:
        return self.rule.split("/")[1]


def calls(app: Flask) -> Iterator[Call]:
    """Every operation, in the order of the paths."""
    for rule in sorted(app.url_map.iter_rules(), key=str):
        view = getattr(app.view_functions[rule.endpoint], "view_class", None)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            declared = getattr(getattr(view, method.lower(), None), "operation", None)
            if declared is not None:
                yield Call(method, str(rule).removeprefix(ROOT), declared)


def undeclared(app: Flask) -> set[str]:
    """Paths that are served without a declared operation."""
    found = set()
    for rule in app.url_map.iter_rules():
        view = getattr(app.view_functions[rule.endpoint], "view_class", None)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if not hasattr(getattr(view, method.lower(), None), "operation"):
                found.add(f"{method} {rule}")
    return found


class World:
    """The stores, filled; `restore` puts back what a call destroyed."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.db: Database[Document] = MongoAccess().db
        self.tokens: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        InventoryMgr().ensure_indexes()
        for environment in (OWN, FOREIGN):
            _fill(self.db, environment)
        self._fill_globals()
        self._add_callers()
        self.kept = {name: list(self.db[name].find()) for name in self.db.list_collection_names()}

    def _fill_globals(self) -> None:
        WorkerStore().beat("table@here", QUEUES)
        self.db["monitoring_config_templates"].insert_one(
            {"side": "client", "type": "a.json", "order": 1, "config": {}}
        )
        self.db["clique_constraints"].insert_one(
            {"focal_point_type": "vnic", "constraints": ["network"]}
        )
        UserStore().add(User(name="victim", grants={FOREIGN: Grant.VIEW}), PASSWORD)
        _, stored = TokenStore().issue("victim", 6000, method=Method.SERVICE)
        self.keys["victim"] = stored["key"]

    def _add_callers(self) -> None:
        for who, (role, grants) in CALLERS.items():
            UserStore().add(User(name=NAMES[who], role=role, grants=grants), PASSWORD)
            self.tokens[who], stored = TokenStore().issue(NAMES[who], 6000)
            self.keys[who] = stored["key"]
        used = {"used_at": datetime(2100, 1, 1, tzinfo=UTC)}  # so that no use is noted, and told
        TokenStore().collection.update_many({}, {"$set": used})

    def restore(self, without: str = "") -> None:
        """As it was built; or without all that belongs to an environment."""
        for name in {*self.db.list_collection_names(), *self.kept}:
            kept = [item for item in self.kept.get(name, []) if not _belongs(item, without)]
            if list(self.db[name].find()) == kept:
                continue
            self.db[name].delete_many({})
            if kept:
                self.db[name].insert_many(kept)

    def client(self, who: str) -> FlaskClient:
        """Of one of the callers, or nobody's."""
        client = self.app.test_client()
        if who in self.tokens:
            client.environ_base["HTTP_X_AUTH_TOKEN"] = self.tokens[who]
        return client

    def path(self, call: Call, environment: str, who: str = "admin") -> str:
        """The path with values of this environment in it. Raises AssertionError without them."""
        path = ROOT + call.rule
        while "<" in path:
            before, _, rest = path.partition("<")
            word, _, after = rest.partition(">")
            path = before + self._value(call, word.partition(":")[2], environment, who) + after
        return path

    def _value(self, call: Call, name: str, environment: str, who: str) -> str:
        if call.noun == "monitoring":
            return self.monitored(call, environment)
        find = KEYS.get(f"{call.noun}/{name}")
        assert find, (
            f"{call.label}: nothing stands for <{name}>; add a line `{call.noun}/{name}` to KEYS "
            "in tests/api/auth/world.py"
        )
        if call.rule.startswith("/users/me"):
            return self.keys.get(who, self.keys["victim"])
        return find(self, environment)

    def monitored(self, call: Call, environment: str) -> str:
        """The key of what a path of monitoring is about."""
        for word, name in (
            ("webhooks", "monitoring_webhooks"),
            ("silences", "monitoring_silences"),
        ):
            if word in call.rule:
                return _first(name)(self, environment)
        return _first("monitoring_troubles")(self, environment)

    def body(self, call: Call, environment: str) -> Document | None:
        """A good body. Raises AssertionError when one is needed and not there."""
        if call.operation.body is None:
            return None
        make = BODIES.get(call.label)
        assert make, (
            f"{call.label}: no good body is known; add a line `{call.label}` to BODIES in "
            "tests/api/auth/world.py"
        )
        return make(environment)

    def query(self, call: Call) -> dict[str, str]:
        """What the query must say. Raises AssertionError when something is missing."""
        given = QUERIES.get(call.label, {})
        model = call.operation.query
        needed = {
            field.alias or name
            for name, field in (model.model_fields if model else {}).items()
            if field.is_required()
        }
        missing = needed - given.keys() - {"env_name"}
        assert not missing, (
            f"{call.label}: its query must say {', '.join(missing)}; add a line `{call.label}` to "
            "QUERIES in tests/api/auth/world.py"
        )
        return given

    def names_environment(self, call: Call) -> bool:
        """True when the path or the body belongs to an environment."""
        return (self.path(call, OWN), self.body(call, OWN)) != (
            self.path(call, FOREIGN),
            self.body(call, FOREIGN),
        )

    def needs_environment(self, call: Call) -> bool:
        """True when the query must name one."""
        model = call.operation.query
        field = model.model_fields.get("env_name") if model else None
        return field is not None and field.is_required()

    def takes_environment(self, call: Call) -> bool:
        """True when the query may name one."""
        model = call.operation.query
        return model is not None and "env_name" in model.model_fields


def _belongs(item: Document, environment: str) -> bool:
    names = (item.get("environment"), item.get("name") if "configuration" in item else None)
    return bool(environment) and environment in names


def _fill(db: Database[Document], environment: str) -> None:
    """Something of every kind."""
    where = {"environment": environment}
    EnvironmentStore().add(environment_document(environment))
    Big(environment, hosts=2, instances=2).write(InventoryMgr())
    db["scans"].delete_many(where)  # its record is not whole
    store = ScanStore()
    for status, more in (("failed", {"object_id": "x"}), ("completed", {})):
        asked = ScanRequest(environment=environment, **more)
        key = store.create(asked, f"{status}-{environment}")
        times = {"submit_timestamp": WHEN, "end_timestamp": WHEN}
        store.update(key, {"status": status, **times})
        line = {"host": "compute-00001", "source": "cli", "reached": True}
        store.save_coverage(key, environment, [line])
    db["messages"].insert_one(
        where
        | {
            "_id": _key(environment, 1),
            "id": f"message of {environment}",
            "level": "info",
            "message": "said",
            "timestamp": WHEN,
            "source_system": "Calipso",
            "viewed": False,
            "scan_id": f"completed-{environment}",
        }
    )
    db["events"].insert_one(
        where
        | {
            "_id": f"{environment}/event-{environment}",
            "id": f"event-{environment}",
            "type": "port.create.end",
            "state": "done",
            "received": WHEN,
            "keys": ["port:p"],
            "open": [],
            "context": {},
        }
    )
    db["changes"].insert_one(
        where
        | {
            "_id": _key(environment, 2),
            "scan_id": f"completed-{environment}",
            "time": WHEN,
            "change": "added",
            "kind": "object",
            "type": "host",
            "id": "compute-00001",
            "name": "compute-00001",
            "host": "compute-00001",
            "fields": {},
        }
    )
    db["clique_types"].insert_one(
        where
        | {
            "_id": _key(environment, 3),
            "name": "short",
            "focal_point_type": "instance",
            "link_types": ["instance-vnic"],
        }
    )
    db["connection_tests"].insert_one(_connection_test(environment))
    _fill_monitoring(db, environment)
    db["scheduled_scans"].insert_one(_schedule(environment))
    db["findings"].insert_one(_finding(environment))
    db["intents"].insert_one(
        where
        | {
            "_id": _key(environment, 8),
            "name": f"all is well in {environment}",
            "intent": {"name": f"all is well in {environment}", "kind": "redundant", "object": "x"},
            "by": "somebody",
            "changed": WHEN,
            "result": None,
        }
    )
    db["finding_mutes"].insert_one(
        where
        | {
            "_id": _key(environment, 7),
            **dict.fromkeys(("rule", "type", "id"), ""),
            "host": "compute-00002",
            "reason": f"work in {environment}",
            "until": datetime(2999, 1, 1, tzinfo=UTC),
            "by": "somebody",
            "created": WHEN,
        }
    )


def _fill_monitoring(db: Database[Document], environment: str) -> None:
    """A trouble, a host that is checked, a silence, a webhook."""
    where = {"environment": environment}
    item = db["inventory"].find_one(where | {"type": "instance"})
    assert item is not None
    status = {
        "value": 2,
        "label": "Error",
        "text": "gone",
        "since": WHEN,
        "last_ok": None,
        "at": WHEN,
        "source": "calipso",
        "flapping": False,
        "acknowledged": None,
        "silenced_until": None,
    }
    db["inventory"].update_one({"_id": item["_id"]}, {"$set": {"monitoring": status}})
    about = {"collection": "inventory", "kind": "object", "type": "instance", "id": item["id"]}
    more = {"_id": item["_id"], "name": "x", "host": "compute-00001", "id_path": ""}
    db["monitoring_troubles"].insert_one(where | about | more | status)
    host = {"_id": f"{environment}/compute-00001", "host": "compute-00001", "due": WHEN}
    db["monitoring_hosts"].insert_one(where | host | {"planned": WHEN, "at": WHEN})
    db["monitoring_silences"].insert_one(
        where
        | {"_id": _key(environment, 6), "target": item["_id"], "type": "instance", "id": item["id"]}
        | {"below": False, "id_path": "", "until": WHEN, "who": "x", "why": ""}
    )
    store = AlertStore()
    url = "https://192.0.2.9/S3CRET-webhook"
    store.add(
        where
        | {"name": "chat", "url_secret": url, "secret": "S3CRET-hmac", "at_least": 1, "types": []}
    )


def environment_document(name: str) -> Document:
    """An environment, with secrets that are easy to find."""
    host = "192.0.2.1"
    return {
        "name": name,
        "configuration": [
            {"name": "OpenStack", "host": host, "user": "u", "pwd": "S3CRET-api"},
            {"name": "mysql", "host": host, "user": "u", "pwd": "S3CRET-db"},
            {"name": "CLI", "host": host, "user": "u", "pwd": "S3CRET-ssh"},
            {"name": "AMQP", "host": host, "user": "u", "pwd": "S3CRET-amqp", "port": 5672},
        ],
    }


def _connection_test(environment: str) -> Document:
    return {
        "_id": str(_key(environment, 4)),
        "environment": environment,
        "status": "response",
        "test_targets": ["mysql"],
        # as the original left it: in clear
        "targets_configuration": [{"name": "mysql", "user": "u", "pwd": "S3CRET-test"}],
        "submit_timestamp": WHEN,
        "deadline": WHEN + timedelta(seconds=60),
        "jobs": [{"target": "mysql", "queue": "db"}],
        "reports": {},
        "test_results": {"mysql": False},
        "results": {},
        "response_timestamp": WHEN,
        "response_time": "1ms",
        "last_response_message": "failed: mysql",
    }


def _schedule(environment: str) -> Document:
    return {
        "_id": str(_key(environment, 5)),
        "name": f"{environment}-daily",
        "environment": environment,
        "freq": "DAILY",
        "interval": 1,
        "time": "03:00",
        "time_zone": "UTC",
        "start": WHEN,
        "request": {"environment": environment, "inventory": "inventory"},
        "enabled": True,
        "submit_timestamp": WHEN,
        "scheduled_timestamp": WHEN,
        "planned_at": WHEN,
        "claimed": None,
        "last_slot": None,
        "last_scan_id": "",
        "last_problem": None,
        "counts": {},
    }


def _finding(environment: str) -> Document:
    return {
        "_id": _key(environment, 6),
        "environment": environment,
        "rule": "agent_dead",
        "severity": "major",
        "type": "host",
        "id": "compute-00001",
        "name": "compute-00001",
        "host": "compute-00001",
        "project": "",
        "part": "",
        "sentence": f"an agent of {environment} is dead",
        "remedy": "Start it.",
        "evidence": [],
        "others": [],
        "since": WHEN,
        "seen": WHEN,
        "open": True,
        "scan_id": f"completed-{environment}",
    }


def _key(environment: str, number: int) -> ObjectId:
    return ObjectId(f"{number:024x}" if environment == OWN else f"f{number:023x}")


def _first(collection: str, **more: Any) -> Callable[[World, str], str]:
    """The key of a document of an environment."""

    def find(world: World, environment: str) -> str:
        wanted = {"environment": environment} | more
        kept = world.kept[collection] if hasattr(world, "kept") else []
        return next(str(i["_id"]) for i in kept if wanted.items() <= i.items())

    return find


def _global(collection: str) -> Callable[[World, str], str]:
    return lambda world, environment: str(world.kept[collection][0]["_id"])


#: What stands for a value in a path: noun/name.
KEYS: dict[str, Callable[[World, str], str]] = {
    "clique_constraints/key": _global("clique_constraints"),
    "clique_types/key": _first("clique_types"),
    "cliques/key": _first("cliques"),
    "connection_tests/key": _first("connection_tests"),
    "constants/name": lambda world, environment: "link_states",
    "environment_configs/name": lambda world, environment: environment,
    "overview/name": lambda _, environment: environment,
    "environment_configs/section": lambda world, environment: "AMQP",
    "drift/key": _first("finding_mutes"),
    "intents/key": _first("intents"),
    "event_listeners/name": lambda world, environment: environment,
    "events/key": lambda world, environment: f"event-{environment}",
    "inventory/key": _first("inventory", type="instance"),
    "links/key": _first("links"),
    "messages/key": _first("messages"),
    "monitoring_config_templates/key": _global("monitoring_config_templates"),
    "scans/key": lambda world, environment: f"failed-{environment}",
    "scheduled_scans/key": _first("scheduled_scans"),
    "users/name": lambda world, environment: "victim",
    "users/key": lambda world, environment: world.keys["victim"],
}


def _clique_type(environment: str) -> Document:
    types = ["instance-vnic", "vnic-vedge"]
    return {
        "name": "longer",
        "focal_point_type": "instance",
        "link_types": types,
        "environment": environment,
    }


def _new_clique_type(environment: str) -> Document:
    return _clique_type(environment) | {"focal_point_type": "vnic"}


#: A good body.
BODIES: dict[str, Callable[[str], Document]] = {
    "POST /auth/tokens": lambda _: {
        "auth": {
            "methods": ["credentials"],
            "credentials": {"username": "victim", "password": PASSWORD},
        }
    },
    "POST /auth/sessions": lambda _: {"username": "victim", "password": PASSWORD},
    "POST /clique_constraints": lambda _: {
        "focal_point_type": "instance",
        "constraints": ["network"],
    },
    "PUT /clique_constraints/<string:key>": lambda _: {
        "focal_point_type": "vnic",
        "constraints": [],
    },
    "POST /clique_types": _new_clique_type,
    "PUT /clique_types/<string:key>": _clique_type,
    "PATCH /clique_types/<string:key>": lambda _: {"name": "shorter"},
    "POST /connection_tests": lambda environment: {
        "environment": environment,
        "test_targets": ["mysql"],
    },
    "POST /drift/mutes": lambda environment: {
        "environment": environment,
        "rule": "agent_dead",
        "reason": "a change",
        "until": "2999-01-01T00:00:00Z",
    },
    "POST /drift/runs": lambda environment: {"environment": environment},
    "POST /environment_configs": lambda _: environment_document("new-cloud"),
    "PUT /environment_configs/<string:name>": environment_document,
    "PATCH /environment_configs/<string:name>": lambda _: {"user": "somebody"},
    "POST /intents": lambda environment: {
        "environment": environment,
        "intent": {"name": "more", "kind": "redundant", "object": "web-1"},
    },
    "POST /intents/checks": lambda environment: {"environment": environment},
    "PATCH /messages/<string:key>": lambda _: {"viewed": True},
    "POST /monitoring/results": lambda environment: {
        "results": [{"environment": environment, "type": "instance", "id": "x", "status": 0}]
    },
    "POST /monitoring/sensu-core": lambda environment: {
        "client": {"name": "x", "environment": environment},
        "check": {"name": "instance_x", "status": 0, "executed": 1_700_000_000},
    },
    "POST /monitoring/sensu-go": lambda environment: {
        "entity": {"metadata": {"name": "x", "labels": {"calipso_env": environment}}},
        "check": {"metadata": {"name": "instance_x"}, "status": 0, "executed": 1_700_000_000},
    },
    "POST /monitoring/alertmanager": lambda environment: {
        "version": "4",
        "alerts": [{"status": "firing", "labels": {"calipso_env": environment}}],
    },
    "POST /monitoring/icinga2": lambda environment: {
        "type": "CheckResult",
        "host": "x",
        "service": "instance_x",
        "check_result": {"exit_status": 0, "output": environment},
    },
    "POST /monitoring/nagios": lambda environment: {
        "service": "instance_x",
        "code": 0,
        "calipso_env": environment,
    },
    "POST /monitoring/rounds": lambda environment: {
        "environment": environment,
        "host": "compute-00001",
    },
    "PUT /monitoring/objects/<string:key>/acknowledgement": lambda _: {"why": "known"},
    "POST /monitoring/objects/<string:key>/silence": lambda _: {"hours": 1},
    "POST /monitoring/webhooks": lambda environment: {
        "environment": environment,
        "name": "other",
        "url": "https://192.0.2.9/x",
    },
    "POST /scans": lambda environment: {"environment": environment},
    "POST /scheduled_scans": lambda environment: {"environment": environment, "freq": "WEEKLY"},
    "PUT /scheduled_scans/<string:key>": lambda environment: {
        "environment": environment,
        "freq": "WEEKLY",
    },
    "PATCH /scheduled_scans/<string:key>": lambda _: {"enabled": False},
    "POST /users": lambda _: {"name": "newcomer", "password": PASSWORD},
    "PATCH /users/<string:name>": lambda _: {"role": "operator"},
    "PUT /users/<string:name>/password": lambda _: {"password": PASSWORD},
    "POST /users/<string:name>/tokens": lambda _: {"days": 1},
    "PUT /users/me/password": lambda _: {"old_password": PASSWORD, "password": PASSWORD + "!"},
}

#: What a query must say, beside `env_name`.
QUERIES: dict[str, dict[str, str]] = {
    "GET /aggregates": {"type": "environment"},
    "GET /diff": {"start": "2026-05-01T00:00:00Z", "end": "2026-06-01T00:00:00Z"},
    "GET /path": {"from": "web-000001", "to": "web-000002"},
    "GET /path/graph": {"from": "web-000001", "to": "web-000002"},
    "GET /search": {"q": "compute"},
    "GET /why": {"instance": "web-000001"},
}
