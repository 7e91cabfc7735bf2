"""Entry points that test_sandbox.py starts inside a sandbox, and `outside`, a process that starts one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from emulator import links, netns
from emulator.channel import Channel
from emulator.passage import Direction
from emulator.wire import WireEnd, Wires, WireSpec
from kubeslice_sim.errors import BackendUnavailable


def echo(channel: Channel) -> None:
    """Answers what it is asked, fails when told to."""

    def handle(message: dict[str, Any]) -> dict[str, Any]:
        if message.get("fail") == "plainly":
            raise ValueError("two\nlines")
        if message.get("fail") == "on purpose":
            raise BackendUnavailable("install it")
        if message.get("fail") == "in a room":
            from emulator.lab import LabError  # a second of imports that no other entry needs

            raise LabError("the cable is cut: lay another one")
        if message.get("fail") == "to speak JSON":
            return {"not JSON": object()}
        if "sleep_s" in message:
            time.sleep(message["sleep_s"])
        if "run" in message:
            done = subprocess.run(message["run"], capture_output=True, check=False)
            return {"status": done.returncode, "out": done.stdout.decode(), "err": done.stderr.decode()}
        return {"echo": message, "pid": os.getpid()}

    channel.serve(handle, concurrently=True)


def count(channel: Channel) -> None:
    """Streams three events and ends."""
    for number in range(3):
        channel.event({"number": number})


def break_down(channel: Channel) -> None:
    """Fails while nobody asks."""
    channel.event({"number": 0})
    raise RuntimeError("out of order")


def hang(_: Channel) -> None:
    """Never ends of its own will."""
    print("a word on the way", flush=True)
    time.sleep(3600)


def busy(channel: Channel) -> None:
    """A little of everything that could be left behind: namespaces, links, mounts, files, programs, a delay line."""
    things = netns.create_all(["a", "b", "c"], private_files=True)
    for namespace in things:
        namespace.set_resolv_conf("nameserver 10.0.0.1\n")
        namespace.popen(["sleep", "3600"])
    a, b, c = things
    channel.event({"stage": "namespaces"})
    links.apply(
        [
            links.Bridge(namespace=c, name="ks-br0"),
            links.VethPair(
                a=links.Interface(namespace=a, name="ks-eth0", addresses=("10.0.0.1/24",)),
                b=links.Interface(namespace=c, name="ks-p0", bridge="ks-br0"),
            ),
        ]
    )
    channel.event({"stage": "links"})
    wires = Wires(seed=1)
    ends = [WireEnd(namespace=end, name="ks-wan", address=f"10.1.0.{number}") for number, end in enumerate((a, b), 1)]
    slow = Direction(delay_s=0.01)
    wires.lay([WireSpec(name="wan", a=ends[0], b=ends[1], forth=slow, back=slow)])
    a.popen(["ping", "-q", "-i", "0.01", "10.1.0.2"], stdout=subprocess.DEVNULL)
    Path("/tmp/ks-left-behind").write_text("x")
    # A program that does its best to survive: another session, a child of its own, deaf to signals.
    b.popen(["setsid", "sh", "-c", "trap '' TERM HUP INT; sleep 3600 & wait"])
    channel.event({"stage": "all"})
    time.sleep(3600)


def outside() -> None:
    """Starts a sandbox with `busy` in it and tells its progress, a line of JSON each."""
    from emulator.sandbox import Sandbox

    print(json.dumps({"stage": "begun"}), flush=True)
    with Sandbox.start("sandbox_entries:busy", python_path=[Path(__file__).parent]) as sandbox:
        print(json.dumps({"stage": "started", "pid": sandbox.pid}), flush=True)
        for event in sandbox.events():
            print(json.dumps(event), flush=True)


if __name__ == "__main__":
    sys.exit(outside())
