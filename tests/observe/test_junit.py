from __future__ import annotations

import json
from xml.etree import ElementTree

from kubeslice_sim.model.scenario import Expectation, Reach
from kubeslice_sim.observe import judge
from kubeslice_sim.observe.junit import junit_xml
from kubeslice_sim.observe.verdict import verdict_data
from tests.observe.rows import CLIENT, SERVER, attempts, row, run, scenario

REACH = Reach(from_=CLIENT, to=SERVER)
SCENARIO = scenario(
    Expectation(name="good", reach=REACH),
    Expectation(name="bad <&>", no_reach=REACH),
    Expectation(name="open", reach=Reach(from_="a/b", to="c")),
)
RUN = run(
    (
        *attempts({0}, 3, probe="expect/good"),
        *attempts({0}, 3, probe="expect/bad <&>"),
        row("rtt_s", 1.0, float("nan"), detail="\x00\x1b[31m"),
    ),
    SCENARIO,
)
VERDICTS = judge(SCENARIO, RUN.observations)
COUNTS = {"tests": "3", "failures": "1", "errors": "1"}


def test_ci_sees_failures_and_open_questions() -> None:
    suite = ElementTree.fromstring(junit_xml(RUN, VERDICTS)).find("testsuite")  # noqa: S314 - our own text
    assert suite is not None
    assert {key: suite.get(key) for key in ("tests", "failures", "errors")} == COUNTS
    good, bad, unclear = suite.findall("testcase")
    assert [child.tag for child in good] == ["system-out"]
    assert bad.get("name") == "bad <&>"
    failure = bad.find("failure")
    assert failure is not None
    assert failure.get("message") == VERDICTS[1].sentence
    assert "expected: never reached\nfound: reached at 1 s" in (failure.text or "")
    assert unclear.find("error") is not None


def test_what_xml_cannot_hold_is_replaced() -> None:
    made = run((row("reachable", 0.0, detail="\x00\x1b[31m\ud800", probe="expect/bad <&>"),), SCENARIO)
    text = junit_xml(made, judge(SCENARIO, made.observations))
    assert "\ufffd\ufffd[31m\ufffd" in text
    ElementTree.fromstring(text)  # noqa: S314 - our own text


def test_the_json_holds_outcome_sentences_and_evidence() -> None:
    document = json.loads(json.dumps(verdict_data(RUN, VERDICTS), allow_nan=False))
    assert (document["outcome"], document["exit_code"]) == ("failed", 1)
    assert [item["outcome"] for item in document["verdicts"]] == ["passed", "failed", "inconclusive"]
    assert document["verdicts"][1]["evidence"][0]["src"] == "iperf/client-0"
    assert document["verdicts"][1]["evidence"][0]["unit"] == "1"
