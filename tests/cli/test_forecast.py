"""``ksim forecast``: years of control plane for people and machines."""

from __future__ import annotations

import json

import pytest

from kubeslice_sim.cli import execute

IPERF = "scenarios/01-two-clusters"


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch, root: object) -> None:
    monkeypatch.chdir(str(root))


def test_years_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["forecast", IPERF, "--for", "5y"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert "01-two-clusters: 1,825 days of control plane" in told.out
    assert "slice iperf-slice: 60 rotations of keys, 2026-01-30T23:02:30Z to " in told.out
    assert [line.split()[0] for line in told.out.splitlines() if "/s" in line] == ["controller", "worker-1", "worker-2"]


def test_years_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["forecast", IPERF, "--for", "61d", "-o", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["duration_s"] == 61 * 86400
    assert [(item["number"], item["began"][:10]) for item in told["rotations"]] == [
        (2, "2026-01-30"),
        (3, "2026-03-01"),
    ]
    jobs = [item["requests"] for item in told["rotations"][0]["requests"] if item["kind"] == "Job"]
    assert jobs == [1]


def test_the_fast_profile_is_up_sooner(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["forecast", IPERF, "--for", "60s", "--timing", "fast", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["up_s"] < 10


def test_what_is_not_up_in_time_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["forecast", IPERF, "--for", "20s"]) == 1
    assert "not everything came up" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("span", "said"),
    [
        ("0", "'0' must not be below 1s"),
        ("-1d", "'-1d' must not be below 1s"),
        ("200y", "'200y' must not be above 100y"),
        ("5", "'5' needs a unit"),
        ("soon", "'soon' is not a duration; write it as 5y"),
    ],
)
def test_a_bad_time_is_one_clear_error(span: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["forecast", IPERF, f"--for={span}"]) == 2
    told = capsys.readouterr()
    assert (told.out, len(told.err.splitlines())) == ("", 1)
    assert said in told.err


def test_help_says_what_it_leaves_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["forecast", "--help"]) == 0
    assert "There is no traffic, no fault and no scenario in it" in " ".join(capsys.readouterr().out.split())
