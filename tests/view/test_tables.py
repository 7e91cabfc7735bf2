from __future__ import annotations

import io
import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kubeslice_sim import view
from kubeslice_sim.errors import BadInput
from kubeslice_sim.observe import compare, judge
from kubeslice_sim.observe.run import Capability
from kubeslice_sim.planner.plan import Plan
from kubeslice_sim.verify.reach import reach
from kubeslice_sim.view.atomic import write_text
from kubeslice_sim.view.plan_tables import DEVICE_SCHEMA
from tests.observe.rows import attempts, row, run
from tests.view.worlds import eventful_run, planned


def _shown(*renderables: Any) -> str:
    console = Console(file=io.StringIO(), width=200)
    for item in renderables:
        console.print(item)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned(2)


def test_a_plan_is_told_in_tables(plan: Plan) -> None:
    lines = _lines(_shown(*view.plan_tables(plan)))
    assert "worker-1 0 10.1.0.0/20 10.1.0.0 on worker-1-gw-1 shop-red" in lines
    assert "shop-red/cart-2@worker-2 red 10.1.16.3 192.168.0.4 worker-2-gw-1 –" in lines
    assert any(
        line.startswith("cart.shop-red.svc.slice.local worker-2 80/TCP cart-0@worker-2 10.1.16.1") for line in lines
    )
    tunnels = [line for line in lines if line.startswith("red-worker-1-worker-2-")]
    assert len(tunnels) == sum(len(item.tunnels) for item in plan.slices) == 2


def test_a_plan_is_told_as_data_and_as_a_frame(plan: Plan) -> None:
    data = json.loads(json.dumps(view.plan_data(plan)))
    assert set(data) == {item.name for item in fields(Plan)}
    assert data["world"] == plan.world.name
    assert data["slices"][0]["members"][1]["cidr"] == "10.1.16.0/20"
    made = view.plan_frame(plan)
    assert {str(key): str(value) for key, value in made.dtypes.items()} == dict(DEVICE_SCHEMA)
    assert made["kind"].value_counts().to_dict() == {
        "pod": 6, "router": 2, "gateway (server)": 2, "gateway (client)": 2
    }  # fmt: skip
    assert made.query("name == 'other/intruder-0'")[["slice", "nsm_ip"]].to_numpy().tolist() == [["", ""]]
    empty = view.plan_frame(replace(plan, slices=(), pods=()))
    assert list(empty.columns) == list(DEVICE_SCHEMA)


def test_verdicts_are_told_with_marks_and_a_count() -> None:
    made = eventful_run()
    text = _shown(view.verdict_table(made, judge(made.scenario, made.observations)))
    assert "✗ failed: 5 expectations, 3 passed, 1 failed, 1 inconclusive" in text
    assert _lines(text)[0] == "by-hand on sim, seed 7"
    assert any(line.startswith("? unasked reached not probed No attempt from a/b@c to d") for line in _lines(text))
    assert "passed: there is no expectation" in _shown(view.verdict_table(made, ()))


def test_text_of_a_run_is_no_markup_of_the_terminal() -> None:
    made = eventful_run("[bold red]x[/nope]")
    assert "[bold red]x[/nope]" in _shown(view.verdict_table(made, judge(made.scenario, made.observations)))


def test_a_comparison_names_its_ends_only_where_needed() -> None:
    two = (*attempts(set(), 60), *attempts({5}, 60, src="iperf/client-1"), row("reachable", 0.0, probe="expect/x"))
    text = _shown(view.comparison_table(compare(run(two), run(attempts(set(range(60)), 60), backend="emulator"))))
    lines = _lines(text)
    assert "≠ ping · iperf/client-0@worker-1 reachable yes no yes / no none" in lines
    assert "? ping · iperf/client-1@worker-1 reachable yes – B: not measured" in lines
    assert "? expect/x reachable yes – B: not measured" in lines
    assert "≠ differs: 5 figures, 2 differs, 3 not comparable" in text
    assert "leave out the first 3 s" in text


def test_only_what_is_not_the_same_on_request() -> None:
    same = compare(run(attempts(set(), 60)), run(attempts(set(), 60)))
    assert "ping" in _shown(view.comparison_table(same))
    assert "ping" not in _shown(view.comparison_table(same, everything=False))


def test_an_answer_is_told_hop_by_hop(plan: Plan) -> None:
    yes = reach(plan, "shop-red/front-0@worker-1", "cart.shop-red.svc.slice.local:80")
    text = _shown(view.answer_table(yes))
    assert "✓ shop-red/front-0@worker-1 reaches cart.shop-red.svc.slice.local:80" in text
    assert "MTU 1300 B" in text
    data = json.loads(json.dumps(view.answer_data(yes)))
    assert [hop["kind"] for hop in data["hops"]].count("gateway") == 2
    assert data["mtu_bytes"] == 1300
    no = reach(plan, "other/intruder-0@worker-1", "cart.shop-red.svc.slice.local:80")
    assert "✗ other/intruder-0@worker-1 does not reach" in _shown(view.answer_table(no))


@dataclass(frozen=True, slots=True)
class Finding:
    backend: str
    reason: str
    capabilities: tuple[Capability, ...]


def test_the_doctor_says_what_serves_instead_and_what_is_missing() -> None:
    found = (
        Finding("sim", "", (Capability(name="engine", level="ok", note="1.0"),)),
        Finding("emulator", "no tun", (Capability(name="netem", level="substitute", note="NFQUEUE serves"),
                                       Capability(name="tun", level="missing", note="load it"))),
    )  # fmt: skip
    lines = _lines(_shown(view.doctor_table(found)))
    assert {"sim: ready", "emulator: not available: no tun", "~ netem NFQUEUE serves", "✗ tun load it"} <= set(lines)
    assert [item["available"] for item in view.doctor_data(found)] == [True, False]


def test_every_public_name_is_there_and_no_other() -> None:
    for name in view.__all__:
        assert callable(getattr(view, name)), name
        assert name in dir(view)
    with pytest.raises(AttributeError, match="no attribute 'drawing'"):
        _ = view.drawing


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "x.txt"
    write_text(target, "old")

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(BadInput, match="No space left on device; give a folder"):
        patched.setattr("os.fsync", full)
        write_text(target, "new")
    assert [(item.name, item.read_text()) for item in tmp_path.iterdir()] == [("x.txt", "old")]
    with pytest.raises(BadInput, match="cannot write"):
        write_text(target / "below" / "a file", "new")
