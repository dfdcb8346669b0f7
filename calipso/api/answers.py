"""The model of an answer with a verdict, as `calipso.model.answer` has it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from calipso.api.answer_models import EvidenceModel
from calipso.api.replies import shown
from calipso.api.schemas import Answer
from calipso.api.words import UtcTime
from calipso.model import answer as answers
from calipso.model.answer import Verdict
from calipso.model.documents import Document


class JudgedAnswer(Answer):
    """A verdict, why it is so, on what it rests, and what nobody looked at."""

    verdict: Verdict = Field(description="`unknown` where something was not read.")
    sentence: str = Field(description="One sentence for a person.")
    code: str = Field(description="Stable; the documentation has a paragraph for each.")
    findings: list[dict[str, Any]] = Field(default=[], description="What was found.")
    evidence: list[EvidenceModel] = Field(default=[])
    assumptions: list[str] = Field(default=[], description="What was taken for granted.")
    not_checked: list[str] = Field(default=[], description="What was not looked at, and why.")
    as_of: UtcTime | None = Field(default=None, description="The time that it is about.")


def judged(answer: answers.Answer, limit: int) -> Document:
    """An answer as it is sent, with `limit` findings at most, and whether that is not all."""
    document = answer.model_dump(exclude={"hops", "findings"})
    document["findings"] = [shown(item) for item in answer.findings[:limit]]
    return document | {"truncated": len(answer.findings) > limit}
