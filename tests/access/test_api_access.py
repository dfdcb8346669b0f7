"""The OpenStack API source against a real HTTP server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from calipso.errors import ApiAccessError, ErrorKind
from calipso.limits import http as transport
from calipso.limits.calls import Bounds
from calipso.limits.http import BoundedAdapter
from calipso.settings import settings
from calipso.sources.api.api_access import ApiAccess
from calipso.sources.context import ScanContext

from .openstack_server import Answer, OpenStackServer, Request, Reset
from .scan_context import context
from .small_servers import talker

PORTS = "/network/RegionOne/v2.0/ports"
SERVERS = "/compute/RegionOne/v2.1/servers/detail"


@pytest.fixture
def cloud() -> Iterator[OpenStackServer]:
    with OpenStackServer() as server:
        yield server


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CALIPSO_API_TIMEOUT", "1")
    monkeypatch.setenv("CALIPSO_API_PAGE_SIZE", "2")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def opened() -> Iterator[list[ScanContext]]:
    contexts: list[ScanContext] = []
    yield contexts
    for one in contexts:
        one.close()


@pytest.fixture
def api(cloud: OpenStackServer, opened: list[ScanContext]) -> Any:
    def make(**section: Any) -> ApiAccess:
        opened.append(context(OpenStack={"port": cloud.port, **section}))
        access: ApiAccess = opened[-1].source("api")
        return access

    return make


def ports(access: ApiAccess) -> list[str]:
    return [port["id"] for port in access.list("network", "/v2.0/ports", "ports")]


def neutron_pages(cloud: OpenStackServer, ids: list[str]) -> Any:
    def route(request: Request) -> Answer:
        marker = request.params.get("marker")
        start = ids.index(marker) + 1 if marker else 0
        page = ids[start : start + int(request.params["limit"])]
        body: dict[str, Any] = {"ports": [{"id": name} for name in page]}
        if start + len(page) < len(ids):
            href = f"http://inside.example:9696/v2.0/ports?limit=2&marker={page[-1]}"
            body["ports_links"] = [{"rel": "next", "href": href}]
        return Answer(body)

    return route


def failure(access: ApiAccess) -> ApiAccessError:
    with pytest.raises(ApiAccessError) as caught:
        ports(access)
    assert caught.value.hint
    assert "right" not in str(caught.value)
    return caught.value


def test_a_list_follows_links_to_its_last_page_without_leaving_the_endpoint(
    cloud: OpenStackServer, api: Any
) -> None:
    cloud.routes[PORTS] = neutron_pages(cloud, ["a", "b", "c", "d", "e"])

    access = api()

    assert ports(access) == ["a", "b", "c", "d", "e"]
    assert cloud.paths() == [PORTS] * 3
    assert access.context.counters["api_calls"] == 4  # with the login


def test_a_keystone_list_follows_its_single_link(cloud: OpenStackServer, api: Any) -> None:
    def route(request: Request) -> Answer:
        last = "marker" in request.params
        link = None if last else "http://x/v3/projects?marker=1"
        return Answer({"projects": [{"id": "2" if last else "1"}], "links": {"next": link}})

    cloud.routes["/v3/projects"] = route

    found = list(api().list("identity", "/v3/projects", "projects"))

    assert [project["id"] for project in found] == ["1", "2"]


def test_items_of_overlapping_pages_come_once(cloud: OpenStackServer, api: Any) -> None:
    first = {
        "ports": [{"id": "a"}, {"id": "b"}],
        "ports_links": [{"rel": "next", "href": "?marker=b"}],
    }
    cloud.answer(PORTS, Answer(first), Answer({"ports": [{"id": "b"}, {"id": "c"}]}))

    assert ports(api()) == ["a", "b", "c"]


def test_a_list_whose_pages_do_not_advance_is_an_error_and_no_endless_loop(
    cloud: OpenStackServer, api: Any
) -> None:
    page = {
        "ports": [{"id": "a"}, {"id": "b"}],
        "ports_links": [{"rel": "next", "href": "?marker=b"}],
    }
    cloud.answer(PORTS, Answer(page))

    assert failure(api()).kind is ErrorKind.TRUNCATED
    assert len(cloud.asked) == 2


def test_a_list_starts_over_when_the_item_that_marks_the_page_is_deleted(
    cloud: OpenStackServer, api: Any
) -> None:
    first = {
        "ports": [{"id": "a"}, {"id": "b"}],
        "ports_links": [{"rel": "next", "href": "?marker=b"}],
    }
    again = {
        "ports": [{"id": "a"}, {"id": "c"}],
        "ports_links": [{"rel": "next", "href": "?marker=c"}],
    }
    gone = Answer({"NeutronError": "marker"}, status=404)
    cloud.answer(PORTS, Answer(first), gone, Answer(again), Answer({"ports": [{"id": "d"}]}))

    assert ports(api()) == ["a", "b", "c", "d"]


def test_a_busy_service_is_asked_again(cloud: OpenStackServer, api: Any) -> None:
    busy = Answer({}, status=503)
    cloud.answer(PORTS, busy, busy, Answer({"ports": [{"id": "a"}]}))

    assert ports(api()) == ["a"]


def test_a_service_that_stays_busy_is_given_up(cloud: OpenStackServer, api: Any) -> None:
    cloud.answer(PORTS, Answer({}, status=503))

    error = failure(api())

    assert (error.kind, error.status, error.retryable) == (ErrorKind.SERVER_ERROR, 503, True)
    assert len(cloud.asked) == 3


def test_a_connection_that_is_reset_is_made_again(cloud: OpenStackServer, api: Any) -> None:
    tries: list[int] = []

    def route(_: Request) -> Answer:
        tries.append(1)
        if len(tries) < 3:
            raise Reset
        return Answer({"ports": [{"id": "a"}]})

    cloud.routes[PORTS] = route

    assert ports(api()) == ["a"]


def test_an_internal_error_names_service_status_and_request(
    cloud: OpenStackServer, api: Any
) -> None:
    headers = {"X-Openstack-Request-Id": "req-42"}
    cloud.answer(PORTS, Answer({"message": "boom"}, status=500, headers=headers))

    error = failure(api())

    assert (error.kind, error.status, error.request_id) == (ErrorKind.SERVER_ERROR, 500, "req-42")
    assert error.url in str(error)
    assert "req-42" in str(error)
    assert len(cloud.asked) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(raw=b'{"ports": [{"id": "a"}, {"id'), ErrorKind.TRUNCATED),
        (Answer({"ports": []}, length=5000), ErrorKind.TRUNCATED),
        (Answer(raw=b"<html>It works!</html>"), ErrorKind.UNEXPECTED_OUTPUT),
        (Answer({"servers": []}), ErrorKind.UNEXPECTED_OUTPUT),
        (Answer({"ports": ["a"]}), ErrorKind.UNEXPECTED_OUTPUT),
        (Answer([1]), ErrorKind.UNEXPECTED_OUTPUT),
        (Answer({"ports": [], "truncated": True}), ErrorKind.TRUNCATED),
        (Answer({"forbidden": {}}, status=403), ErrorKind.FORBIDDEN),
        (Answer({}, status=404), ErrorKind.NOT_FOUND),
    ],
)
def test_an_answer_that_is_no_list_has_a_kind(
    cloud: OpenStackServer, api: Any, answer: Answer, kind: ErrorKind
) -> None:
    cloud.answer(PORTS, answer)

    assert failure(api()).kind is kind


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"NeutronError": {"type": "X", "message": "quota of ports"}}, "quota of ports"),
        ({"computeFault": {"code": 500, "message": "a\nb"}}, "a b"),
        ({"errors": [{"title": "Bad", "detail": "too many"}]}, "too many"),
        ({"faultstring": "wrong"}, "wrong"),
        ({"message": "boom"}, "boom"),
    ],
)
def test_what_a_service_says_of_its_error_is_in_the_message(
    cloud: OpenStackServer, api: Any, document: Any, said: str
) -> None:
    cloud.answer(PORTS, Answer(document, status=500))

    assert failure(api()).message.endswith(f": HTTP 500: {said}")


@pytest.mark.parametrize("status", [200, 302, 401, 404, 500])
@pytest.mark.parametrize(
    "raw",
    [
        b"S3CRET",
        b'{"AccessKeyId": "S3CRET", "more": {"Token": "S3CRET"}}',
        b'["S3CRET"]',
        b'"S3CRET"',
        b"{S3CRET}",
        b'{"S3CRET": "breaks off',
        b"[" * 60_000,
    ],
)
def test_an_answer_of_something_else_is_not_repeated(
    cloud: OpenStackServer, api: Any, raw: bytes, status: int
) -> None:
    cloud.answer(PORTS, Answer(raw=raw, status=status))

    error = failure(api())

    assert "S3CRET" not in error.message
    assert "[[[" not in error.message


def test_a_greeting_of_something_else_is_not_repeated(api: Any) -> None:
    with talker(b"S3CRET-2.0-OpenSSH\r\n") as port:
        error = failure(api(port=port))

    assert "S3CRET" not in error.message
    assert error.message.endswith("the answer is not HTTP")


def test_an_error_on_a_later_page_fails_the_list(cloud: OpenStackServer, api: Any) -> None:
    first = {
        "ports": [{"id": "a"}],
        "ports_links": [{"rel": "next", "href": "?marker=a"}],
    }
    cloud.answer(PORTS, Answer(first), Answer({}, status=500))

    assert failure(api()).kind is ErrorKind.SERVER_ERROR


def test_a_page_that_meets_an_internal_error_once_does_not_cost_the_list(
    cloud: OpenStackServer, api: Any
) -> None:
    first = {
        "ports": [{"id": "a"}],
        "ports_links": [{"rel": "next", "href": "?marker=a"}],
    }
    cloud.answer(PORTS, Answer(first), Answer({}, status=500), Answer({"ports": [{"id": "b"}]}))

    assert ports(api()) == ["a", "b"]


def test_a_page_that_is_silent_once_does_not_cost_the_list(
    cloud: OpenStackServer, api: Any
) -> None:
    tries: list[int] = []

    def route(_: Request) -> Answer:
        tries.append(1)
        if len(tries) == 1:
            time.sleep(1.5)
        return Answer({"ports": [{"id": "a"}]})

    cloud.routes[PORTS] = route

    assert ports(api()) == ["a"]
    assert len(tries) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409])
def test_what_a_service_refuses_is_not_asked_again(
    cloud: OpenStackServer, api: Any, status: int
) -> None:
    cloud.answer(PORTS, Answer({}, status=status))

    failure(api())

    assert len(cloud.asked) <= 2 if status == 401 else len(cloud.asked) == 1


def test_a_long_page_that_comes_slowly_is_not_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "TOTAL_FACTOR", 0.6)
    pieces = [b" " * 1024] * 12 + [b"{}"]
    bounds = Bounds()
    adapter = BoundedAdapter(bounds, 1.0)

    with bounds.call("a page", 1) as call, bounds.answer("a page") as share:
        body = adapter._body("https://cloud.example", cast(Any, Slow(pieces)), call, share)

    assert len(body) == sum(map(len, pieces))


class Slow:
    """An answer whose pieces come a tenth of a second after each other."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.raw = self
        self.request = self
        self.method = "GET"
        self._pieces = [*pieces, b""]

    def tell(self) -> int:
        """Nothing was packed."""
        return 0

    def read1(self, size: int, *, decode_content: bool) -> bytes:
        """The next piece."""
        time.sleep(0.1)
        return self._pieces.pop(0)


def test_a_redirect_is_not_followed_with_the_token(cloud: OpenStackServer, api: Any) -> None:
    elsewhere = cloud.url("/elsewhere")
    cloud.answer(PORTS, Answer({}, status=302, headers={"Location": elsewhere}))

    assert failure(api()).kind is ErrorKind.UNEXPECTED_OUTPUT
    assert "/elsewhere" not in cloud.paths()


def test_a_wrong_password_is_tried_once_for_all_fetchers(cloud: OpenStackServer, api: Any) -> None:
    access = api(pwd="wrong")

    errors = [failure(access) for _ in range(3)]

    assert {error.kind for error in errors} == {ErrorKind.LOGIN_FAILED}
    assert cloud.logins == 1


def test_a_token_that_expired_is_renewed(cloud: OpenStackServer, api: Any) -> None:
    cloud.answer(PORTS, Answer({"ports": [{"id": "a"}]}))
    access = api()
    ports(access)
    cloud.tokens.clear()

    assert ports(access) == ["a"]
    assert cloud.logins == 2


def test_a_service_that_is_not_there_is_unreachable(cloud: OpenStackServer, api: Any) -> None:
    access = api(port=1)

    assert failure(access).kind is ErrorKind.UNREACHABLE


def test_a_service_that_does_not_answer_in_time_is_a_timeout(
    cloud: OpenStackServer, api: Any
) -> None:
    ended = threading.Event()

    def route(_: Request) -> Answer:
        ended.wait(5)
        raise Reset

    cloud.routes[PORTS] = route
    started = time.monotonic()

    error = failure(api())

    ended.set()
    assert error.kind is ErrorKind.TIMEOUT
    assert time.monotonic() - started < 3


def test_calls_to_a_service_at_once_are_limited(cloud: OpenStackServer, api: Any) -> None:
    running: list[int] = []
    most: list[int] = []

    def route(_: Request) -> Answer:
        running.append(1)
        most.append(len(running))
        time.sleep(0.02)
        running.pop()
        return Answer({"ports": [{"id": "a"}]})

    cloud.routes[PORTS] = route
    access = api()

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: ports(access), range(16)))

    assert found == [["a"]] * 16
    assert max(most) <= settings().api_parallel
    assert cloud.logins == 1


def test_an_older_nova_is_asked_for_its_newest_version(cloud: OpenStackServer, api: Any) -> None:
    cloud.answer("/compute/RegionOne/v2.1/", Answer({"version": {"version": "2.38"}}))
    cloud.answer(SERVERS, Answer({"servers": []}))

    list(api().list("compute", "/v2.1/servers/detail", "servers", microversion="2.53"))

    assert cloud.asked[-1].headers["OpenStack-API-Version"] == "compute 2.38"


def test_a_newer_nova_is_asked_for_the_version_we_know(cloud: OpenStackServer, api: Any) -> None:
    cloud.answer("/compute/RegionOne/v2.1/", Answer({"version": {"version": "2.100"}}))
    cloud.answer(SERVERS, Answer({"servers": []}))

    list(api().list("compute", "/v2.1/servers/detail", "servers", microversion="2.53"))

    assert cloud.asked[-1].headers["OpenStack-API-Version"] == "compute 2.53"
