"""What counts as a change of an object, and how it is told."""

from __future__ import annotations

from calipso.stores.inventory.changes import differences


def test_heartbeats_and_counters_are_no_changes():
    old = {"heartbeat_timestamp": 1, "configurations": {"devices": 3, "ports": 4, "mode": "a"}}
    new = {"heartbeat_timestamp": 2, "configurations": {"devices": 5, "ports": 1, "mode": "a"}}

    assert differences(old, new) == {}


def test_a_counter_by_name_is_a_fact_elsewhere():
    found = differences({"ports": {"tap1": {"tag": 1}}}, {"ports": {"tap1": {"tag": 2}}})

    assert found == {"ports.tap1.tag": {"old": 1, "new": 2}}


def test_what_came_has_no_old_side_and_what_went_no_new_one():
    found = differences({"gone": 1, "same": 0}, {"came": 2, "same": 0})

    assert found == {"came": {"new": 2}, "gone": {"old": 1}}


def test_stamps_of_the_store_are_no_changes():
    assert differences({"scan_id": "a", "stale_since": 1}, {"scan_id": "b"}) == {}


def test_a_port_that_goes_down_in_a_list_is_a_change():
    old, new = {"network_info": [{"id": "p", "active": True}]}, {"network_info": [{"id": "q"}]}

    assert differences(old, old | {"network_info": [{"id": "p", "active": False}]}) == {}
    assert set(differences(old, new)) == {"network_info"}
