"""One object of a way as a hop: what it is, how it is, and on what evidence. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from calipso.model.answer import Evidence, Verdict
from calipso.model.documents import Record
from calipso.model.path import Hop
from calipso.model.types import object_type
from calipso.topology.health import state_word
from calipso.topology.path.ascent import Step

#: Problems of an object that say that packets do not pass it.
BREAKING = frozenset(
    {
        "binding_failed",
        "dead_vlan",
        "instance_error",
        "link_down",
        "port_error",
        "tap_missing",
        "tap_not_in_bridge",
        "veth_broken",
        "wrong_network",
        "wrong_vlan",
    }
)

#: Types whose problems are about the object itself. Those of a switch may be about any of its
#: ports, and say nothing of the others.
_OWN_PROBLEMS = frozenset({"instance", "vnic", "vconnector", "port", "otep", "host_pnic"})

#: Code of a link without a reason, by its state.
_UNREAD = {"unknown": "link_unknown"}

#: Field that says most about an object of a type, in this order.
_TELLING = ("state", "status", "tunnels_state", "ports", "device_owner", "ip_address")


def hop_of(step: Step, network: Record, verb: str = "") -> Hop:
    """The hop of an object, judged by its own state, its link, its age and its problems."""
    item = step.item
    hop = Hop(
        key=str(item["_id"]),
        type=str(item["type"]),
        id=str(item["id"]),
        name=str(item.get("object_name") or item.get("name") or item["id"]),
        host=str(item.get("host") or ""),
        network=str(network.get("name") or network.get("id") or ""),
        state=state_word(item),
        mtu=_number(item.get("mtu")),
        read_at=item.get("last_scanned"),
        stale_since=item.get("stale_since"),
        problems=[str(one.get("code", "")) for one in item.get("problems") or ()],
        monitoring=_monitoring(item),
        evidence=evidence(item),
    )
    _judge_age(hop, item)
    _judge_state(hop, item)
    if step.link is not None:
        _judge_link(hop, step.link)
    _judge_problems(hop, item)
    return hop


def evidence(item: Record, field: str = "", line: str = "") -> Evidence:
    """Where the fact of a field comes from; without a field, the most telling one it has."""
    name = field or next((name for name in _TELLING if item.get(name)), "id")
    declared = object_type(str(item["type"])).by_name.get(name)
    fetched = item.get("fetched_by") or {}
    value = item.get(name)
    shown = "" if isinstance(value, dict | list) else f"{name}: {value}"
    return Evidence(
        source=str(fetched.get("source") or "inventory"),
        command=declared.source if declared else str(fetched.get("fetcher") or ""),
        line=line or shown,
        host=str(item.get("host") or ""),
        read_at=item.get("last_scanned"),
    )


def _judge_age(hop: Hop, item: Record) -> None:
    if since := item.get("stale_since"):
        where = f" of host {hop.host}" if hop.host else ""
        hop.fail(
            Verdict.UNKNOWN,
            "not_read",
            f"{hop.type} {hop.name}{where} could not be read since {since:%Y-%m-%d %H:%M} UTC",
            "The coverage report of the last scan says why: calipso scan show last",
        )


def _judge_state(hop: Hop, item: Record) -> None:
    if hop.stale_since or item["type"] not in ("vnic", "vconnector", "otep", "host_pnic"):
        return
    state = str(item.get("state") or "")
    if state == "down":
        asked = item.get("admin_state") == "down"
        reason = "somebody switched it off" if asked else "it has no link"
        hop.fail(Verdict.NO, "link_down", f"{hop.host}: {hop.type} {hop.name} is down: {reason}")


def _judge_link(hop: Hop, link: Record) -> None:
    """The state of the link by which the object is reached, with the reason that was found."""
    state = str(link.get("state") or "")
    reason = str((link.get("attributes") or {}).get("reason") or "")
    code, _, message = reason.partition(": ")
    if hop.stale_since or state not in ("down", "unknown"):
        return
    text = message or f"the link {link.get('source_id')} - {link.get('target_id')} is {state}"
    verdict = Verdict.NO if state == "down" else Verdict.UNKNOWN
    hop.fail(verdict, code if message else _UNREAD.get(state, "link_down"), text)


def _judge_problems(hop: Hop, item: Record) -> None:
    if hop.stale_since or item["type"] not in _OWN_PROBLEMS:
        return
    for one in item.get("problems") or ():
        code = str(one.get("code") or "")
        if item["type"] == "instance" and code != "instance_error":
            continue  # it is about one of its NICs: the hop of that port says it
        if code in BREAKING:
            hop.fail(Verdict.NO, code, str(one.get("message") or code), str(one.get("hint") or ""))


def _monitoring(item: Record) -> dict[str, Any] | None:
    found = item.get("monitoring")
    if not isinstance(found, dict):
        return None
    return {k: found[k] for k in ("value", "label", "text", "since") if k in found}


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def names(items: Iterable[Record]) -> list[str]:
    """Names of objects, for `others`."""
    return [str(item.get("object_name") or item.get("name") or item["id"]) for item in items]
