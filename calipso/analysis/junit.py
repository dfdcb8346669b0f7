"""Answers to intents as JUnit XML, which pipelines read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree

from calipso.analysis.intents import Checked
from calipso.model.answer import Verdict

#: Characters that XML 1.0 does not allow.
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(environment: str, checked: Iterable[Checked]) -> str:
    """A test suite: no and degraded are failures, unknown is an error."""
    items = list(checked)
    suite = ElementTree.Element("testsuite", name=_text(f"intents of {environment}"))
    failures = errors = 0
    for one in items:
        case = ElementTree.SubElement(suite, "testcase")
        case.set("classname", _text(environment))
        case.set("name", _text(one.intent.name))
        answer = one.answer
        if answer.verdict is Verdict.YES:
            continue
        unknown = answer.verdict is Verdict.UNKNOWN
        errors, failures = errors + unknown, failures + (not unknown)
        told = ElementTree.SubElement(case, "error" if unknown else "failure")
        told.set("type", _text(answer.code))
        told.set("message", _text(answer.sentence))
    suite.set("tests", str(len(items)))
    suite.set("failures", str(failures))
    suite.set("errors", str(errors))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _text(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
