"""Names of checks: the original's, and back again."""

from __future__ import annotations

import pytest

from monitoring.handlers.names import (
    LONGEST,
    check_name,
    decoded,
    encoded,
    link_candidates,
    object_candidates,
)


def test_special_characters_are_written_as_the_original_does() -> None:
    item = {"type": "host_pnic", "id": "eno16777728-00:50:56"}

    assert check_name(item) == "host_pnic_eno16777728-00---..58..---50---..58..---56"


@pytest.mark.parametrize(
    "text", ["a/b", "a:b", "über", "a_b-c.d", "x\n;`$(rm)`", "---..58..---", "😀", ""]
)
def test_what_is_encoded_is_decoded_and_safe(text: str) -> None:
    found = encoded(text)

    assert all(c.isascii() and (c.isalnum() or c in "_.-") for c in found)
    if text != "---..58..---":  # the only text that looks like a code
        assert decoded(found) == text


@pytest.mark.parametrize("text", ["---..1114112..---", "---..55296..---", "---..9999999..---"])
def test_a_number_that_is_no_character_stays(text: str) -> None:
    assert decoded(text) == text


def test_a_name_means_the_longest_type_first() -> None:
    assert object_candidates("host_pnic_compute-1-eth0")[0] == ("host_pnic", "compute-1-eth0")
    assert ("host", "pnic_compute-1-eth0") in object_candidates("host_pnic_compute-1-eth0")
    assert ("vnic", "c-tap1") in object_candidates("vnic_instance_vnic_c-tap1")
    assert ("otep", "c-otep") in object_candidates("otep_c-otep_vxlan-1")
    assert object_candidates("nonsense") == []


def test_the_ends_of_a_link_may_hold_underscores() -> None:
    found = link_candidates("link_vnic-vedge_c_1-tap_c_1-OVS")

    assert ("vnic-vedge", "c_1-tap", "c_1-OVS") in found


def test_a_long_name_ends_in_a_hash_and_is_never_too_long() -> None:
    one, other = (check_name({"type": "vnic", "id": "x" * 300 + end}) for end in ("a", "b"))

    assert len(one) == len(other) == LONGEST
    assert one != other
