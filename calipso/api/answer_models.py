"""The models of answers: verdict, sentence, code, hops or findings, evidence.

They say the same as `calipso.model.answer` and `calipso.model.path`, with texts for readers.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from calipso.api.replies import utc
from calipso.api.schemas import Answer
from calipso.api.words import UtcTime
from calipso.model.answer import Answer as StoredAnswer
from calipso.model.answer import Verdict
from calipso.model.path import Direction


class EvidenceModel(Answer):
    """Where a fact comes from."""

    source: str = Field(description="`api`, `db`, `cli`, `ovn`, or `inventory`.")
    command: str = Field(default="", description="The call or command, without secrets.")
    line: str = Field(default="", description="The line or value that says so.")
    host: str = ""
    read_at: UtcTime | None = None


class SecurityModel(Answer):
    """What security groups say to the packet at a port."""

    verdict: Verdict
    rule: str = Field(default="", description="The rule that lets it pass, or why none does.")
    rule_id: str = ""
    group: str = Field(default="", description="Name of the group of that rule.")


class HopModel(Answer):
    """An object on the way."""

    direction: Direction
    key: str = Field(default="", description="What `/inventory/<key>` takes; empty: no object.")
    type: str
    id: str
    name: str
    host: str = ""
    network: str = Field(default="", description="Network of this part of the way.")
    way_in: str = Field(default="", description="Device or port by which the packet comes in.")
    way_out: str = Field(default="", description="Device or port by which it leaves.")
    state: str = Field(default="", description="In the words of its source.")
    tag: int | None = Field(default=None, description="Local VLAN tag on the host's switch.")
    segment: int | None = Field(default=None, description="VNI or VLAN id on the wire.")
    mtu: int | None = Field(default=None, description="In bytes.")
    verdict: Verdict
    code: str = Field(default="", description="Why it is not `yes`.")
    message: str = ""
    hint: str = Field(default="", description="What helps.")
    note: str = Field(default="", description="A route, or a translation of addresses.")
    security: SecurityModel | None = None
    evidence: EvidenceModel | None = None
    read_at: UtcTime | None = None
    stale_since: UtcTime | None = Field(default=None, description="Not read since then.")
    problems: list[str] = Field(default=[], description="Codes of all problems of the object.")
    monitoring: dict[str, Any] | None = Field(default=None, description="Where it is monitored.")
    underlay: bool = Field(default=False, description="True: the cable below the way.")
    others: list[str] = Field(default=[], description="Others that the way may take as well.")


class AnswerModel(Answer):
    """A verdict, why it is so, on what it rests, and what nobody looked at."""

    verdict: Verdict
    sentence: str
    code: str = Field(description="Stable; each has a paragraph in the documentation.")
    hops: list[HopModel] = Field(default=[], description="Steps of both directions, in order.")
    findings: list[dict[str, Any]] = Field(default=[], description="What was found.")
    evidence: list[EvidenceModel] = Field(default=[], description="Of the findings.")
    assumptions: list[str] = Field(default=[], description="What was taken for granted.")
    not_checked: list[str] = Field(default=[], description="What could not be looked at, and why.")
    as_of: UtcTime | None = Field(default=None, description="The oldest fact it rests on.")


def answer_body(answer: StoredAnswer) -> dict[str, Any]:
    """The answer as JSON, with times in UTC as the API writes them."""
    found: dict[str, Any] = _plain(answer.model_dump(mode="python"))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return utc(value) if hasattr(value, "isoformat") else value
