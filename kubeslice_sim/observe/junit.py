"""Verdicts as JUnit XML, which every CI system shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from kubeslice_sim.observe.run import Run
from kubeslice_sim.observe.verdict import Verdict

_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(run: Run, verdicts: Sequence[Verdict]) -> str:
    """The text of ``junit.xml``: one suite a run, one case an expectation.

    A failed expectation is a ``failure``, an inconclusive one an ``error``: CI must not read it as passed.
    """
    scenario = run.scenario.metadata.name
    count = {
        "tests": str(len(verdicts)),
        "failures": str(sum(verdict.outcome == "failed" for verdict in verdicts)),
        "errors": str(sum(verdict.outcome == "inconclusive" for verdict in verdicts)),
    }
    root = ElementTree.Element("testsuites", {"name": "kubeslice-sim", **count})
    suite = ElementTree.SubElement(root, "testsuite", {"name": _clean(f"{scenario} on {run.backend}"), **count})
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (("run_id", run.run_id), ("seed", str(run.seed)), *sorted(run.environment.items())):
        ElementTree.SubElement(properties, "property", {"name": _clean(name), "value": _clean(value)})
    for verdict in verdicts:
        case = ElementTree.SubElement(
            suite, "testcase", {"classname": _clean(f"{run.backend}.{scenario}"), "name": _clean(verdict.name)}
        )
        if verdict.outcome != "passed":
            tag = "failure" if verdict.outcome == "failed" else "error"
            told = ElementTree.SubElement(case, tag, {"type": verdict.outcome, "message": _clean(verdict.sentence)})
            told.text = _clean("\n".join((f"expected: {verdict.expected}", f"found: {verdict.found}", *_rows(verdict))))
        ElementTree.SubElement(case, "system-out").text = _clean(verdict.sentence)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _rows(verdict: Verdict) -> list[str]:
    return [
        f"{row.at_s:.3f} s {row.probe} {row.src} -> {row.dst}: {row.metric} {row.value:g} {row.outcome} {row.detail}"
        for row in verdict.evidence
    ]


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", str(text))
