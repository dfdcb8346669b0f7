"""The API of the sample cloud, asked with keystoneauth1."""

from __future__ import annotations

import time

import pytest
import requests
from keystoneauth1.exceptions import (
    ConnectFailure,
    ConnectTimeout,
    InternalServerError,
    UnknownConnectionError,
)
from keystoneauth1.exceptions.http import NotAcceptable, NotFound, Unauthorized
from requests.exceptions import JSONDecodeError

from tests.sample.clients import all_pages, api, ask
from tests.sample_cloud import RunningCloud


def test_login_with_the_right_password_gives_a_catalogue_of_three_services(
    cloud: RunningCloud,
) -> None:
    session = api(cloud)

    token = ask(cloud, "identity", "/auth/catalog")
    assert {entry["type"] for entry in token["catalog"]} == {"identity", "compute", "network"}
    projects = {
        project["name"]: project["id"]
        for project in ask(cloud, "identity", "/projects")["projects"]
    }
    assert session.get_project_id() == projects["admin"]


def test_login_with_a_wrong_password_is_refused(cloud: RunningCloud) -> None:
    with pytest.raises(Unauthorized):
        api(cloud, password="wrong").get_token()


def test_without_a_token_nothing_is_returned(cloud: RunningCloud) -> None:
    url = cloud.state["auth_url"].removesuffix("/v3")

    for path in ("/v3/projects", "/compute/v2.1/servers/detail", "/network/v2.0/ports"):
        assert requests.get(url + path, timeout=5).status_code == 401


@pytest.mark.parametrize(
    ("service", "path", "key", "number"),
    [
        ("compute", "/servers/detail?all_tenants=1&limit=5", "servers", "instances"),
        ("network", "/v2.0/ports?limit=7", "ports", "ports"),
        ("network", "/v2.0/networks?limit=2", "networks", "networks"),
    ],
)
def test_pages_give_each_object_once(
    cloud: RunningCloud, service: str, path: str, key: str, number: str
) -> None:
    pages = all_pages(cloud, service, path, key)

    ids = [item["id"] for page in pages for item in page]
    assert len(pages) > 1
    assert len(set(ids)) == len(ids) == cloud.summary[number]


def test_a_list_without_limit_is_one_page(cloud: RunningCloud) -> None:
    body = ask(cloud, "network", "/v2.0/ports")

    assert len(body["ports"]) == cloud.summary["ports"]
    assert "ports_links" not in body


def test_filters_and_fields_narrow_a_list(cloud: RunningCloud) -> None:
    bound = ask(cloud, "network", "/v2.0/ports?device_owner=network:dhcp&fields=id&fields=name")

    assert bound["ports"]
    assert all(set(port) == {"id", "name"} for port in bound["ports"])


def test_one_object_is_found_by_its_id(cloud: RunningCloud) -> None:
    port = ask(cloud, "network", "/v2.0/ports")["ports"][3]
    server = ask(cloud, "compute", "/servers/detail", "2.53")["servers"][0]

    assert ask(cloud, "network", f"/v2.0/ports/{port['id']}") == {"port": port}
    assert ask(cloud, "compute", f"/servers/{server['id']}", "2.53") == {"server": server}


def test_older_microversions_have_older_shapes(cloud: RunningCloud) -> None:
    old = ask(cloud, "compute", "/os-services")["services"][0]
    new = ask(cloud, "compute", "/os-services", "2.53")["services"][0]

    assert isinstance(old["id"], int)
    assert isinstance(new["id"], str)
    assert "forced_down" in set(new) - set(old)


def test_a_microversion_from_the_future_is_not_acceptable(cloud: RunningCloud) -> None:
    with pytest.raises(NotAcceptable):
        ask(cloud, "compute", "/os-services", "2.999")


def test_an_unknown_path_is_not_found(cloud: RunningCloud) -> None:
    with pytest.raises(NotFound):
        ask(cloud, "network", "/v2.0/nonsense")


def test_requests_are_counted_by_path(cloud: RunningCloud) -> None:
    ask(cloud, "network", "/v2.0/ports")

    counts = cloud.counts()
    assert counts["api_paths"]["/network/v2.0/ports"] == 1
    assert counts["api_calls"] == sum(counts["api_paths"].values())


def test_latency_delays_each_request(cloud: RunningCloud) -> None:
    session = api(cloud)
    session.get_token()
    cloud.control(latency=0.2)

    began = time.monotonic()
    session.get("/v2.0/ports", endpoint_filter={"service_type": "network"})
    took = time.monotonic() - began
    cloud.control(latency=0)

    assert took > 0.2


# -- faults ------------------------------------------------------------------------------


def test_a_path_may_fail_twice_and_then_work(cloud: RunningCloud) -> None:
    cloud.fault("http-500:/network/v2.0/ports#2")

    for _ in range(2):
        with pytest.raises(InternalServerError):
            ask(cloud, "network", "/v2.0/ports")
    assert ask(cloud, "network", "/v2.0/ports")["ports"]


def test_wrong_password_may_be_asked_for(cloud: RunningCloud) -> None:
    cloud.fault("wrong-password:api")

    with pytest.raises(Unauthorized):
        api(cloud).get_token()


def test_a_page_may_break_off(cloud: RunningCloud) -> None:
    cloud.fault("http-truncate:/network/v2.0/ports")

    with pytest.raises(UnknownConnectionError, match="IncompleteRead"):
        ask(cloud, "network", "/v2.0/ports")


def test_a_connection_may_end_without_an_answer(cloud: RunningCloud) -> None:
    cloud.fault("http-drop:/network/v2.0/ports")

    with pytest.raises(ConnectFailure):
        ask(cloud, "network", "/v2.0/ports")


def test_items_may_come_twice(cloud: RunningCloud) -> None:
    ports = ask(cloud, "network", "/v2.0/ports")["ports"]
    cloud.fault("http-twice:/network/v2.0/ports")

    assert len(ask(cloud, "network", "/v2.0/ports")["ports"]) == 2 * len(ports)


def test_a_page_may_be_half_a_json(cloud: RunningCloud) -> None:
    cloud.fault("http-garbage:/network/v2.0/ports")

    with pytest.raises(JSONDecodeError):
        ask(cloud, "network", "/v2.0/ports")


def test_a_path_may_hang(cloud: RunningCloud) -> None:
    session = api(cloud)
    session.get_token()
    cloud.fault("http-hang:/network")

    with pytest.raises(ConnectTimeout):
        session.get(
            f"{cloud.state['auth_url'].removesuffix('/v3')}/network/v2.0/ports",
            timeout=0.5,
            connect_retries=0,
        )


def test_a_page_may_be_slow(cloud: RunningCloud) -> None:
    session = api(cloud)
    session.get_token()
    cloud.fault("http-slow:/network/v2.0=0.3#1")

    began = time.monotonic()
    session.get("/v2.0/agents", endpoint_filter={"service_type": "network"})

    assert time.monotonic() - began > 0.3


def test_an_unknown_fault_is_refused_by_name(cloud: RunningCloud) -> None:
    answer = requests.post(cloud.state["control"], json={"fault": "http-501:/x"}, timeout=5)

    assert answer.status_code == 400
    assert "http-501" in answer.json()["error"]
