"""After kill -9 of any process of a sandbox, at any moment, the host is as it was."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.emulator.host import Host, holders, marked, namespaces, now_ticks, within

pytestmark = [pytest.mark.needs_sandbox, pytest.mark.waits]

HERE = Path(__file__).parent
VICTIMS = ("outside", "unshare", "process 1", "agent", "delay line", "program")
MUST_END = VICTIMS[:4]  # the death of one of these is the end of the sandbox; of the others it is a fault in it


def _victims(mark: str, outside: int) -> dict[str, int]:
    """The processes by their part, as far as they have started."""
    found = {"outside": outside}
    for pid in marked(mark):
        with contextlib.suppress(OSError):
            argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            numbers = Path(f"/proc/{pid}/status").read_text().split("NSpid:")[1].split("\n")[0].split()
            inner = numbers[-1] if len(numbers) > 1 else ""
            if argv[0].endswith(b"unshare"):
                found["unshare"] = pid
            elif inner == "1":
                found["process 1"] = pid
            elif inner == "2":
                found["agent"] = pid
            elif b"emulator.delayline" in b" ".join(argv):
                found["delay line"] = pid
            elif argv[0] == b"ping":
                found["program"] = pid
    return found


def _run_and_kill(
    choose: Callable[[dict[str, int]], int | None], moment: Callable[[str], bool], pause_s: float
) -> None:
    mark, before = f"KS_TEST_MARK={uuid.uuid4()}", Host.now()
    name, _, value = mark.partition("=")
    outside = subprocess.Popen(
        [sys.executable, str(HERE / "sandbox_entries.py")],
        env={**os.environ, name: value, "PYTHONPATH": str(HERE.parent.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert outside.stdout is not None
        for line in outside.stdout:
            if moment(json.loads(line)["stage"]):
                break
        time.sleep(pause_s)
        theirs = marked(mark)
        held = namespaces(theirs) - namespaces([os.getpid()])
        victim = choose(_victims(mark, outside.pid))
        if victim is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        ended_ticks = now_ticks()
        assert within(10, lambda: marked(mark) in ([], [outside.pid])), "a process of the sandbox is left"
        outside.kill()
        outside.wait()
        assert marked(mark) == []
        # A process on its way out has lost its environment, and with it our mark, before its namespaces.
        assert within(5, lambda: not holders(held, older_than_ticks=ended_ticks)), "a namespace is left"
        assert Host.now() == before
    finally:
        outside.kill()
        outside.wait()
        assert outside.stdout is not None
        outside.stdout.close()


@pytest.mark.parametrize("part", MUST_END)
def test_killing_a_part_of_a_working_sandbox_leaves_nothing(part: str) -> None:
    def choose(victims: dict[str, int]) -> int:
        assert set(victims) == set(VICTIMS), "the sandbox is not complete"
        return victims[part]

    _run_and_kill(choose, lambda stage: stage == "all", 0.0)


@pytest.mark.parametrize("seed", range(10))
def test_killing_any_process_at_a_random_moment_leaves_nothing(seed: int) -> None:
    dice = random.Random(seed)
    moment = dice.choice(["begun", "started", "namespaces", "links", "all"])

    def choose(victims: dict[str, int]) -> int:
        return victims[dice.choice([part for part in MUST_END if part in victims])]

    _run_and_kill(choose, lambda stage: stage == moment, dice.uniform(0, 0.15))


def test_the_check_itself_notices_what_is_left() -> None:
    mark = f"KS_TEST_MARK={uuid.uuid4()}"
    name, _, value = mark.partition("=")
    argv = ["unshare", "--user", "--map-root-user", "--net", "sleep", "60"]
    with subprocess.Popen(argv, env={**os.environ, name: value}) as left:
        assert within(5, lambda: len(namespaces(marked(mark)) - namespaces([os.getpid()])) == 2)
        theirs = namespaces(marked(mark)) - namespaces([os.getpid()])
        time.sleep(0.02)  # a clock tick
        assert holders(theirs, older_than_ticks=now_ticks()) == [left.pid]
        assert holders(theirs, older_than_ticks=0) == []
        left.kill()
