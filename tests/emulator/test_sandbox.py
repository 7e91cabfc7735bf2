"""The sandbox: a line to the inside, errors that arrive, and nothing that is left."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.sandbox import Sandbox, SandboxError
from kubeslice_sim.errors import BackendUnavailable

pytestmark = [pytest.mark.needs_sandbox, pytest.mark.waits]

HERE = Path(__file__).parent


def _start(function: str, **settings: object) -> Sandbox:
    return Sandbox.start(f"sandbox_entries:{function}", python_path=[HERE], **settings)  # type: ignore[arg-type]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with _start("echo") as started:
        yield started


def test_a_call_is_answered_from_a_process_tree_of_its_own(sandbox: Sandbox) -> None:
    answer = sandbox.call({"text": "héllo", "numbers": [1, 2.5, None]})
    assert answer["echo"] == {"text": "héllo", "numbers": [1, 2.5, None]}
    assert answer["pid"] == 2  # behind process 1, which only watches


def test_calls_from_many_threads_get_their_own_answers(sandbox: Sandbox) -> None:
    wrong = []

    def ask(number: int) -> None:
        for round_ in range(20):
            message = {"number": number, "round": round_, "filling": "x" * 10_000}
            if sandbox.call(message)["echo"] != message:
                wrong.append(message)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_slow_call_times_out_and_does_not_hold_up_the_next(sandbox: Sandbox) -> None:
    with pytest.raises(TimeoutError):
        sandbox.call({"sleep_s": 5}, timeout_s=0.1)
    assert sandbox.call({"still": "there"}, timeout_s=5)["echo"] == {"still": "there"}


def test_an_error_arrives_in_one_line_with_its_traceback_in_the_debug_log(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "kubeslice_sim.emulator"), pytest.raises(SandboxError) as caught:
        sandbox.call({"fail": "plainly"})
    assert str(caught.value) == "ValueError in the sandbox: two lines"
    assert "Traceback" in caplog.text
    assert "sandbox_entries.py" in caplog.text


def test_an_error_of_ours_arrives_as_itself(sandbox: Sandbox) -> None:
    with pytest.raises(BackendUnavailable, match=r"^install it$"):
        sandbox.call({"fail": "on purpose"})


def test_an_error_of_a_room_arrives_with_its_own_words(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match=r"^the cable is cut: lay another one$"):
        sandbox.call({"fail": "in a room"})


def test_an_answer_that_is_not_json_is_an_error_of_the_call(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="not JSON serializable"):
        sandbox.call({"fail": "to speak JSON"}, timeout_s=5)


def test_events_arrive_in_order_until_the_work_is_done() -> None:
    with _start("count") as sandbox:
        assert [event["number"] for event in sandbox.events()] == [0, 1, 2]
        assert list(sandbox.events()) == []
        with pytest.raises(SandboxError, match="done"):
            sandbox.call({})


def test_a_failing_entry_point_fails_whoever_listens() -> None:
    with _start("break_down") as sandbox:
        events = sandbox.events()
        assert next(events) == {"number": 0}
        with pytest.raises(SandboxError, match="RuntimeError in the sandbox: out of order"):
            next(events)


def test_waiting_for_an_event_that_does_not_come_ends_in_time() -> None:
    with _start("hang") as sandbox:
        began_s = time.monotonic()
        assert list(sandbox.events(timeout_s=0.1)) == []
        assert time.monotonic() - began_s < 2


@pytest.mark.parametrize(
    ("entry", "reason"), [("no_such_module:main", "ModuleNotFoundError"), ("os:nope", "Attribute")]
)
def test_an_entry_point_that_does_not_exist_is_told_at_the_start(entry: str, reason: str) -> None:
    with pytest.raises(SandboxError, match=reason):
        Sandbox.start(entry)


def test_a_dying_agent_is_told_with_its_last_words() -> None:
    with _start("hang") as sandbox:
        time.sleep(0.2)
        _kill_inside(sandbox, 2)
        with pytest.raises(SandboxError, match="a word on the way"):
            sandbox.call({}, timeout_s=5)
        assert not sandbox.alive


def test_closing_ends_every_process_and_may_be_repeated() -> None:
    sandbox = _start("hang")
    family = _descendants(sandbox.pid)
    assert len(family) == 2
    began_s = time.monotonic()
    sandbox.close()
    sandbox.close()
    assert time.monotonic() - began_s < 2
    assert [pid for pid in [sandbox.pid, *family] if Path(f"/proc/{pid}").exists()] == []
    with pytest.raises(SandboxError, match="closed"):
        sandbox.call({})


def test_closing_leaves_no_descriptor() -> None:
    _start("echo").close()
    before = {entry.name for entry in Path("/proc/self/fd").iterdir()}
    _start("echo").close()
    assert {entry.name for entry in Path("/proc/self/fd").iterdir()} == before


def test_it_outlives_the_thread_that_started_it() -> None:
    started: list[Sandbox] = []
    thread = threading.Thread(target=lambda: started.append(_start("echo")))
    thread.start()
    thread.join()
    time.sleep(0.2)
    with started[0] as sandbox:
        assert sandbox.call({"a": 1})["echo"] == {"a": 1}


def test_the_inside_has_its_own_processes_devices_and_empty_places(sandbox: Sandbox) -> None:
    def out(*argv: str) -> str:
        return str(sandbox.call({"run": list(argv)})["out"])

    assert out("ls", "/sys/class/net").split() == ["lo"]
    assert "UP" in out("ip", "link", "show", "lo")
    assert out("ls", "/run") == ""
    assert out("sh", "-c", "echo $$ ; ls -d /proc/[0-9]*").count("/proc/") <= 4
    assert out("id", "-u") == "0\n"
    assert sandbox.call({"run": ["ping", "-c1", "-W1", "127.0.0.1"]})["status"] == 0


def test_the_hosts_files_cannot_be_written_but_places_asked_for_can(tmp_path: Path) -> None:
    hidden, shown, open_ = (tmp_path / name for name in ("hidden", "shown", "open"))
    for place in (hidden, shown, open_):
        place.mkdir()
        (place / "file").write_text("from outside")
    with _start("echo", visible=[shown], writable=[open_]) as sandbox:

        def sh(script: str) -> tuple[int, str]:
            done = sandbox.call({"run": ["sh", "-c", script]})
            return done["status"], done["out"]

        assert sh(f"cat {shown}/file") == (0, "from outside")
        assert sh(f"cat {hidden}/file")[0] != 0
        assert sh(f"echo no > {shown}/file")[0] != 0
        assert sh(f"echo no > {HERE}/no")[0] != 0
        assert sh("echo no > /etc/ks-no || echo no > /var/lib/ks-no || echo no > /ks-no")[0] != 0
        assert sh(f"echo yes > {open_}/file")[0] == 0
        assert sh("echo yes > /tmp/ks-yes && echo yes > /run/ks-yes && echo yes > /dev/shm/ks-yes")[0] == 0
    assert (shown / "file").read_text() == "from outside"
    assert (open_ / "file").read_text() == "yes\n"
    assert not any(Path(place, "ks-yes").exists() for place in ("/tmp", "/run", "/dev/shm"))


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        return [int(child) for task in tasks for child in task.read_text().split()]
    return []


def _descendants(pid: int) -> list[int]:
    children = _children(pid)
    return children + [below for child in children for below in _descendants(child)]


def _kill_inside(sandbox: Sandbox, inner: int) -> None:
    for pid in _descendants(sandbox.pid):
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{pid}/status").read_text()
            if f"NSpid:\t{pid}\t{inner}\n" in status or status.endswith(f"\t{inner}\n"):
                os.kill(pid, 9)
                return
    raise AssertionError(f"no process {inner} in the sandbox")
