"""Every operation, every role, own and foreign environment: who gets what."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from calipso.api.operation import Need
from calipso.model.user import Role
from calipso.settings import settings
from tests.api.auth.world import (
    CALLERS,
    FOREIGN,
    NAMES,
    OWN,
    QUERIES,
    Call,
    World,
    calls,
    undeclared,
)

pytestmark = pytest.mark.slow

#: What is served without a declared operation, and why everybody may have it.
OPEN = {
    "GET /": "leads to the pages or the documentation",
    "GET /ui": "leads to the pages",
    "GET /ui/": "the pages, which hold no data",
    "GET /ui/<path:name>": "their scripts and styles; other addresses are views of them",
    "GET /docs": "leads to the documentation site",
    "GET /docs/": "the documentation site, which holds no data",
    "GET /docs/<path:name>": "its pages",
    "GET /api/v1/": "leads to the documentation",
    "GET /api/v1/doc/": "the documentation",
    "GET /api/v1/doc/<path:path>": "scripts and styles of the documentation",
    "GET /api/v1/openapi.json": "the specification",
    "GET /api/v1/swagger.json": "leads to the specification",
    "GET /healthz": "asked by what supervises the process; says one word",
    "GET /readyz": "the same",
    "GET /metrics": "counts; a token can be asked for: setting api_metrics_token",
}

#: Operations that want more than they declare, and of whom: 403 for the others.
STRICTER = {
    "POST /environment_configs": "edit on every environment: nobody has it for one to come",
}

#: Of what an environment no longer there left behind an admin may be rid.
REFUSED_FOR_GOOD_REASON = {
    # (operation, caller): status, why
    ("POST /scans/<string:key>/cancel", "any"): (409, "the scan of the table has ended"),
}


@pytest.fixture
def world(app: Flask, monkeypatch: pytest.MonkeyPatch) -> World:
    """Two environments."""
    monkeypatch.setenv("CALIPSO_WORKER_LOST_AFTER", "100000")
    monkeypatch.setenv("CALIPSO_API_STREAM_SECONDS", "0.05")
    monkeypatch.setenv("CALIPSO_LOGIN_ATTEMPTS", "10000")
    settings.cache_clear()
    return World(app)


def ask(world: World, call: Call, who: str, environment: str, **query: str) -> TestResponse:
    """One request, as it would be good for `environment`."""
    if world.needs_environment(call):
        query = {"env_name": environment} | query
    answer = world.client(who).open(
        world.path(call, environment, who),
        method=call.method,
        json=world.body(call, environment),
        query_string=world.query(call) | query,
    )
    answer.get_data()
    answer.close()
    return answer


def expected(world: World, call: Call, who: str, environment: str) -> set[int]:
    """The statuses that are right."""
    good = REFUSED_FOR_GOOD_REASON.get((call.label, "any"))
    done = {good[0]} if good else {call.operation.status}
    need = call.operation.need
    if need is Need.NOTHING:
        return done
    if who == "nobody":
        return {401}
    role, grants = CALLERS[who]
    if role is Role.ADMIN:
        return done
    if role is Role.MONITORING and need is not Need.REPORT:
        return {403}
    asks_edit = need in (Need.OPERATE, Need.REPORT)
    if need is Need.ADMIN or (asks_edit and role is Role.VIEWER):
        return {403}
    if call.label in STRICTER:
        return {403}
    if world.names_environment(call) and environment not in grants:
        return {404}
    if asks_edit and grants.get(environment) != "edit":
        return {403}
    return done


def table(world: World) -> Iterator[str]:
    """A sentence for each answer that is not the right one."""
    for call in calls(world.app):
        in_query = world.takes_environment(call) and not world.names_environment(call)
        for who in ("nobody", *CALLERS):
            if call.operation.need is Need.REPORT:
                in_query = world.takes_environment(call)  # the query says whose results they are
            for environment in (OWN,) if who == "nobody" else (OWN, FOREIGN):
                query = {"env_name": environment} if in_query else {}
                answer = ask(world, call, who, environment, **query)
                right = expected(world, call, who, environment)
                if query and environment == FOREIGN and who not in ("nobody", "admin"):
                    right = right if right == {403} else FOREIGN_IN_QUERY.get(call.label, {404})
                if answer.status_code not in right:
                    yield (
                        f"{call.label} by {who} for {environment}: {answer.status_code} instead "
                        f"of {right}: {answer.get_data(as_text=True)[:200]}"
                    )
                own_grants = call.label == "POST /auth/sessions"  # of the person that logs in
                told = FOREIGN in answer.text and not own_grants
                if told and who not in ("nobody", "admin") and not query:
                    named = FOREIGN in world.path(call, environment, who) + str(
                        world.body(call, environment)
                    )
                    if not named:
                        yield f"{call.label} tells {who} of {FOREIGN}: {answer.text[:300]}"
                if call.method != "GET" and answer.status_code < 400:
                    world.restore()


#: Filters that are no place to look in: what they do not match is just not there.
FOREIGN_IN_QUERY: dict[str, set[int]] = {
    "GET /clique_types": {200},
}


def test_each_operation_answers_each_role_as_it_declares(world: World) -> None:
    wrong = list(table(world))

    assert wrong == [], "\n".join(wrong)


def test_nothing_is_moved_from_one_environment_to_another(world: World) -> None:
    """A path of one environment with the body of the other."""
    moved = []
    tried = 0
    for call in calls(world.app):
        if world.body(call, OWN) == world.body(call, FOREIGN) or "<" not in call.rule:
            continue
        for path, body in ((OWN, FOREIGN), (FOREIGN, OWN)):
            tried += 1
            answer = world.client("operator").open(
                world.path(call, path), method=call.method, json=world.body(call, body)
            )
            if answer.status_code not in (403, 404, 422):
                moved.append(f"{call.label}: {answer.status_code} {answer.text}")
    own = {"json": {"environment": FOREIGN}, "method": "PATCH"}
    patched = world.client("operator").open("/api/v1/clique_types/000000000000000000000003", **own)

    assert patched.status_code == 404
    assert moved == []
    assert tried >= 6


def test_what_is_not_declared_is_known_by_name(app: Flask) -> None:
    assert undeclared(app) == OPEN.keys()


@pytest.mark.long
def test_who_may_not_see_an_environment_cannot_learn_whether_it_exists(world: World) -> None:
    """Every read answers the same, bit by bit, with the foreign environment and without it."""
    reads = [call for call in calls(world.app) if call.method == "GET"]

    def told() -> dict[tuple[str, str], object]:
        answers: dict[tuple[str, str], object] = {}
        for call in reads:
            model = call.operation.query
            known = model.model_fields if model else {}
            asked = ({"env_name": OWN}, {"env_name": FOREIGN}, {"total": "true"})
            queries = [{}, *(query for query in asked if query.keys() <= known.keys())]
            places = (OWN, FOREIGN) if world.names_environment(call) else (OWN,)
            for query in queries:
                for environment in places:
                    answer = ask(world, call, "operator", environment, **query)
                    text = answer.get_data(as_text=True)
                    if answer.is_json and "error" in (answer.json or {}):
                        text = text.replace(answer.headers["X-Request-ID"], "")
                    answers[f"{call.label} {environment}", str(query)] = answer.status_code, text
        return answers

    with_it = told()
    world.restore(without=FOREIGN)
    without_it = told()

    different = [key for key in with_it if with_it[key] != without_it[key]]
    assert different == []
    assert len([1 for status, _ in with_it.values() if status == 200]) > len(reads)  # type: ignore[misc]


def test_every_line_of_the_table_is_of_use(app: Flask, world: World) -> None:
    labels = {call.label for call in calls(app)}

    assert {*STRICTER, *QUERIES, *FOREIGN_IN_QUERY} <= labels
    assert {label for label, _ in REFUSED_FOR_GOOD_REASON} <= labels
    assert NAMES.keys() == CALLERS.keys()
