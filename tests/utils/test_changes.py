"""What counts as a change of an object, and how it is recorded."""

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


def test_a_subnet_or_port_named_like_a_counter_is_a_fact():
    """Names of the cloud are keys of these maps: a declared field is compared by its own paths."""
    subnets = {
        "progress": {"cidr": "10.0.0.0/24", "updated_at": 1},
        "load": {"cidr": "10.1.0.0/24"},
    }
    old = {"type": "network", "subnets": subnets}
    new = {"type": "network", "subnets": {"progress": {"cidr": "10.9.0.0/24", "updated_at": 2}}}

    assert set(differences(old, new)) == {"subnets.progress.cidr", "subnets.load"}


def test_the_stamps_of_a_subnet_are_no_changes():
    old = {"type": "network", "subnets": {"a": {"updated_at": 1, "revision_number": 1}}}
    new = {"type": "network", "subnets": {"a": {"updated_at": 2, "revision_number": 2}}}

    assert differences(old, new) == {}


def test_what_one_type_counts_another_type_may_have_as_a_fact():
    counted = {"type": "vedge", "configurations": {"devices": 1}, "load": 1, "ports": {"a": 1}}
    kept = {"type": "project", "options": {"load": 1}}

    again = counted | {"configurations": {"devices": 2}, "load": 2}
    assert differences(counted, again) == {}
    assert set(differences(counted, counted | {"ports": {"a": 2}})) == {"ports.a"}
    assert set(differences(kept, kept | {"options": {"load": 2}})) == {"options.load"}


def test_of_what_is_not_declared_stamps_are_no_changes_at_any_depth():
    new_field = {"type": "network", "qos": {"updated_at": 1, "rate": 1}}
    new_type = {"type": "route", "statistics": 1, "next": [{"age": 1, "device": "eth0"}]}

    assert differences(new_field, new_field | {"qos": {"updated_at": 2, "rate": 1}}) == {}
    aged = {"statistics": 2, "next": [{"age": 2, "device": "eth0"}]}
    assert differences(new_type, new_type | aged) == {}
    moved = {"next": [{"age": 2, "device": "eth1"}]}
    assert set(differences(new_type, new_type | moved)) == {"next"}


def test_of_a_list_without_order_only_the_items_that_came_and_went_are_named():
    old = {"type": "otep", "remote_addresses": ["192.0.2.1", "192.0.2.2", "192.0.2.3"]}
    new = {"type": "otep", "remote_addresses": ["192.0.2.4", "192.0.2.3", "192.0.2.1"]}

    assert differences(old, new) == {
        "remote_addresses.192.0.2.2": {"old": "192.0.2.2"},
        "remote_addresses.192.0.2.4": {"new": "192.0.2.4"},
    }
    assert differences(new, new | {"remote_addresses": new["remote_addresses"][::-1]}) == {}
    assert "remote_addresses" in differences(old, {"type": "otep"})
