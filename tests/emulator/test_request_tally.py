"""What a pod's http attempts amount to: the same rows as the simulator's."""

from __future__ import annotations

from emulator.request_tally import RequestTally
from kubeslice_sim.observe.probe import Probe

WEB = Probe(name="web", kind="http", source="shop/front-0@worker-1", target="10.1.0.2", start_s=1.0, end_s=3.5)


def rows(tally: RequestTally, metric: str) -> list[tuple[float, float, str]]:
    return [(item.at_s, item.value, item.detail) for item in tally.figures() if item.metric == metric]


def test_answers_count_where_they_came_and_failures_by_their_cause() -> None:
    tally = RequestTally(WEB)
    for due_s in (1.0, 1.5, 1.9):
        tally.add(due_s, 0.2, "ok", "")
    tally.add(2.0, 0.1, "blocked", "refused")
    tally.add(2.1, None, "timeout", "no answer")
    tally.add(2.2, None, "timeout", "no answer")
    tally.add(3.4, 0.3, "ok", "")  # answered after the probe's end
    assert rows(tally, "requests_per_s") == [(2.0, 2.0, ""), (3.0, 1.0, ""), (3.5, 0.0, "")]
    assert rows(tally, "requests") == [(3.5, 3, "")]
    assert rows(tally, "errors") == [(3.5, 2, "no answer"), (3.5, 1, "refused")]


def test_an_interval_in_which_nobody_could_ask_says_nothing() -> None:
    tally = RequestTally(WEB)
    tally.add(1.2, 0.1, "ok", "")
    tally.add(2.3, None, "failed_to_probe", "no pod")
    outcomes = [item.outcome for item in tally.figures() if item.metric == "requests_per_s"]
    assert outcomes == ["ok", "failed_to_probe", "ok"]
