"""How fast namespaces and links come up, ours against `ip -batch`, alternating in one run: `python bringup.py [HOSTS]`.

Each host is a namespace with an interface, an address and a default route on one bridge, all inside a sandbox. Shared
machines are noisy: the ratio of the medians counts, the seconds do not.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from emulator import links
from emulator.channel import Channel
from emulator.links import Bridge, Interface, NextHop, Route, VethPair
from emulator.netns import Namespace, create_all
from emulator.sandbox import Sandbox

ROUNDS = 5


def ours(hosts: int) -> list[Namespace]:
    switch, *others = create_all(["switch", *(f"h{number}" for number in range(hosts))])
    things: list[Bridge | VethPair | Route] = [Bridge(namespace=switch, name="br0", addresses=("10.0.255.254/16",))]
    for number, host in enumerate(others):
        end = Interface(namespace=host, name="eth0", addresses=(_address(number) + "/16",))
        things.append(VethPair(a=end, b=Interface(namespace=switch, name=f"p{number}", bridge="br0")))
        things.append(Route(namespace=host, destination="0.0.0.0/0", hops=(NextHop(via="10.0.255.254"),)))
    links.apply(things)
    return [switch, *others]


def iproute2(hosts: int) -> list[Namespace]:
    """The same with one `ip -batch` for the cables and one a namespace, which is how its users do it fast."""
    here = Namespace.current()
    switch, *others = create_all(["switch", *(f"h{number}" for number in range(hosts))])
    at = f"/proc/{os.getpid()}/fd"
    cables = [
        f"link add p{number} netns {at}/{switch.fd} type veth peer name eth0 netns {at}/{host.fd}"
        for number, host in enumerate(others)
    ]
    _batch(here, cables)
    bridge = ["link add br0 type bridge", "address add 10.0.255.254/16 dev br0", "link set br0 up"]
    _batch(switch, [*bridge, *(f"link set p{number} master br0 up" for number in range(hosts))])
    for number, host in enumerate(others):
        address = f"address add {_address(number)}/16 dev eth0"
        _batch(host, [address, "link set eth0 up", "route add default via 10.0.255.254"])
    here.close()
    return [switch, *others]


def measure(channel: Channel) -> None:
    """The entry point inside the sandbox."""
    for request in channel.requests():
        hosts = request.message["hosts"]
        ways: dict[str, Callable[[int], list[Namespace]]] = {"ours": ours, "ip -batch": iproute2}
        taken_s: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(ROUNDS):
            for way, bring_up in ways.items():
                began_s = time.perf_counter()
                made = bring_up(hosts)
                taken_s[way].append(time.perf_counter() - began_s)
                last = made[-1].run(["ping", "-c1", "-W2", _address(0)], timeout_s=5)
                assert last.returncode == 0, "the last host does not reach the first"
                for namespace in made:
                    namespace.close()
                time.sleep(0.5)  # the kernel frees namespaces later, and would do it during the next round
        request.reply({way: statistics.median(times) for way, times in taken_s.items()})


def _address(number: int) -> str:
    return f"10.0.{number // 250}.{number % 250 + 1}"


def _batch(namespace: Namespace, lines: list[str]) -> None:
    done = namespace.run(["ip", "-batch", "-"], stdin=("\n".join(lines) + "\n").encode(), timeout_s=60)
    assert done.returncode == 0, done.stderr.decode()


def main(hosts: int) -> None:
    began_s = time.perf_counter()
    sandbox = Sandbox.start("bringup:measure", python_path=[Path(__file__).parent])
    print(f"sandbox ready in {time.perf_counter() - began_s:.3f} s")
    with sandbox:
        medians_s = sandbox.call({"hosts": hosts})
    for way, taken_s in medians_s.items():
        print(
            f"{way:10} {hosts} hosts on a bridge: {taken_s:.3f} s, {hosts / taken_s:.0f} namespaces with link a second"
        )
    print(f"ours is {medians_s['ip -batch'] / medians_s['ours']:.1f} times as fast as ip -batch")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 128)
