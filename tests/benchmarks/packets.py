"""Packet-hops a second on one chain of queues: our packet engine, plain SimPy, ns.py and ns-3: `python packets.py`.

Two loads over five queues in a row, each served at the same rate, without propagation delay:

* Poisson arrivals, packets of exponential size (mean 1000 B), 70 % load: ours, SimPy, ns.py; mean sojourns must agree.
* packets of 1000 B at even gaps, 70 % load: ours and ns-3, whose headers ours counts too.

ns.py and ns-3 both install a package `ns`, so each gets an environment of its own under out/benchmarks; where pip
cannot install one, it is skipped with a sentence. Start-up (compiling, loading) stands apart from the rate.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import simpy

HOPS, MEAN_BYTES, RATE_BPS, LOAD = 5, 1000.0, 8e6, 0.7
GAP_S = 8.0 * MEAN_BYTES / RATE_BPS / LOAD
NS3_HEADERS = 30  # IP 20, UDP 8, PPP 2
HERE = Path(__file__).parent
VENVS = HERE.parents[1] / "out" / "benchmarks"

NS_PY = """
import json, random, sys, time
packets, hops, size, rate, gap = int(sys.argv[1]), *map(float, sys.argv[2:])
began = time.perf_counter()
import simpy
from ns.packet.dist_generator import DistPacketGenerator
from ns.packet.sink import PacketSink
from ns.port.port import Port
loaded = time.perf_counter()
dice, env = random.Random(1), simpy.Environment()
source = DistPacketGenerator(env, "jobs", lambda: dice.expovariate(1 / gap), lambda: dice.expovariate(1 / size),
                             finish=packets * gap)
sink, at = PacketSink(env, rec_waits=True), source
for _ in range(int(hops)):
    port = Port(env, rate, qlimit=None, limit_bytes=False)
    at.out, at = port, port
at.out = sink
env.run(until=packets * gap)
waits = [w for found in sink.waits.values() for w in found]
print(json.dumps({"took_s": time.perf_counter() - loaded, "start_s": loaded - began, "packets": len(waits),
                  "sojourn_s": sum(waits) / len(waits) - gap}))  # it stamps a packet one gap before it sends it
"""
NS_3 = """
import json, sys, time
packets, hops, size, rate, gap = int(sys.argv[1]), *map(float, sys.argv[2:])
began = time.perf_counter()
from ns import ns
loaded = time.perf_counter()
nodes = ns.NodeContainer(); nodes.Create(int(hops) + 1)
stack = ns.InternetStackHelper(); stack.Install(nodes)
wire = ns.PointToPointHelper()
wire.SetDeviceAttribute("DataRate", ns.StringValue(f"{rate:.0f}bps"))
wire.SetChannelAttribute("Delay", ns.StringValue("0ms"))
addresses = ns.Ipv4AddressHelper()
for hop in range(int(hops)):
    pair = ns.NodeContainer(); pair.Add(nodes.Get(hop)); pair.Add(nodes.Get(hop + 1))
    devices = wire.Install(pair)
    addresses.SetBase(ns.Ipv4Address(f"10.1.{hop + 1}.0"), ns.Ipv4Mask("255.255.255.0"))
    last = addresses.Assign(devices).GetAddress(1)
ns.Ipv4GlobalRoutingHelper.PopulateRoutingTables()
ns.UdpServerHelper(9).Install(nodes.Get(int(hops))).Start(ns.Seconds(0))
client = ns.UdpClientHelper(last.ConvertTo(), 9)
client.SetAttribute("MaxPackets", ns.UintegerValue(packets))
client.SetAttribute("Interval", ns.TimeValue(ns.Seconds(gap)))
client.SetAttribute("PacketSize", ns.UintegerValue(int(size)))
client.Install(nodes.Get(0)).Start(ns.Seconds(1))
monitor = ns.FlowMonitorHelper(); flows = monitor.InstallAll()
ready = time.perf_counter()
ns.Simulator.Stop(ns.Seconds(2 + packets * gap)); ns.Simulator.Run()
took = time.perf_counter() - ready
for pair in flows.GetFlowStats():
    count = pair.second
print(json.dumps({"took_s": took, "start_s": ready - began, "packets": int(count.rxPackets),
                  "sojourn_s": count.delaySum.GetSeconds() / count.rxPackets}))
"""


def ours(packets: int, *, even: bool = False) -> dict[str, float]:
    """The packet engine itself: the general one, with its heap, its drop-tail queues and its histogram."""
    began_s = time.perf_counter()
    from kubeslice_sim.simulator.packet.distribution import deterministic, exponential
    from kubeslice_sim.simulator.packet.network import PacketNetwork
    from kubeslice_sim.simulator.packet.specs import Hop, Link, Source

    def network() -> tuple[PacketNetwork, int]:
        made = PacketNetwork(1)
        bits = 8.0 * (MEAN_BYTES + NS3_HEADERS if even else MEAN_BYTES)
        links = [made.add_link(Link(name=f"queue {hop}", capacity=RATE_BPS)) for hop in range(HOPS)]
        way = made.add_way([Hop(link=link, work=(bits,)) for link in links])
        gap = deterministic(GAP_S) if even else exponential(GAP_S)
        scale = None if even else exponential(1.0)
        return made, made.add_source(Source(name="jobs", ways=(way,), gap=gap, scale=scale, limit=packets))

    network()[0].run(1.0)
    loaded_s = time.perf_counter()
    made, flow = network()
    made.run(packets * GAP_S * 2)
    count = made.flow(flow)
    return {"took_s": time.perf_counter() - loaded_s, "start_s": loaded_s - began_s, "packets": count.received,
            "sojourn_s": count.mean_s}  # fmt: skip


def plain_simpy(packets: int) -> dict[str, float]:
    """The same chain as one writes it with SimPy: a process a queue, a store between two."""
    dice, env = random.Random(1), simpy.Environment()
    stores = [simpy.Store(env) for _ in range(HOPS)]
    sojourns: list[float] = []

    def source():
        for _ in range(packets):
            stores[0].put((env.now, dice.expovariate(1.0 / MEAN_BYTES)))
            yield env.timeout(dice.expovariate(1.0 / GAP_S))

    def queue(hop: int):
        while True:
            packet = yield stores[hop].get()
            yield env.timeout(8.0 * packet[1] / RATE_BPS)
            if hop + 1 < HOPS:
                stores[hop + 1].put(packet)
            else:
                sojourns.append(env.now - packet[0])

    env.process(source())
    for hop in range(HOPS):
        env.process(queue(hop))
    began_s = time.perf_counter()
    env.run()
    return {"took_s": time.perf_counter() - began_s, "start_s": 0.0, "packets": len(sojourns),
            "sojourn_s": sum(sojourns) / len(sojourns)}  # fmt: skip


def elsewhere(name: str, requirements: tuple[str, ...], script: str, packets: int) -> dict[str, float]:
    """A competitor in an environment of its own. Raises :exc:`RuntimeError` with the reason where it cannot be had."""
    venv = VENVS / name
    python = venv / "bin" / "python"
    if not (venv / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, capture_output=True, timeout=120)
        made = subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", *requirements], capture_output=True, text=True, timeout=600
        )
        if made.returncode:
            raise RuntimeError(f"pip could not install it ({made.stderr.strip().splitlines()[-1]})")
        (venv / "installed").touch()
    given = [str(packets), str(HOPS), str(MEAN_BYTES), str(RATE_BPS), str(GAP_S)]
    done = subprocess.run([str(python), "-c", script, *given], capture_output=True, text=True, timeout=900)
    if done.returncode:
        raise RuntimeError(f"it did not run ({done.stderr.strip().splitlines()[-1]})")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def show(name: str, run: Callable[[], dict[str, float]], reference: dict[str, float] | None = None) -> dict[str, float]:
    """Run one, print its line: how much slower than the reference, and how far its mean sojourn is from it."""
    try:
        found = run()
    except (RuntimeError, subprocess.SubprocessError, OSError) as failed:
        print(f"  {name:<14} skipped: {failed}")
        return {}
    rate = found["packets"] * HOPS / found["took_s"]
    line = f"  {name:<14}{rate:>14,.0f} packet-hops/s   start-up {found['start_s']:6.2f} s"
    line += f"   mean sojourn {found['sojourn_s'] * 1e3:7.3f} ms"
    if reference:
        ratio = reference["packets"] * HOPS / reference["took_s"] / rate
        line += (
            f"   ours is {ratio:5.0f} times as fast, differs by {found['sojourn_s'] / reference['sojourn_s'] - 1:+.2%}"
        )
    print(line, flush=True)
    return found


if __name__ == "__main__":
    print(f"{HOPS} queues, Poisson arrivals, exponential sizes, load {LOAD:.0%}")
    mine = show("ours", lambda: ours(4_000_000))
    show("SimPy", lambda: plain_simpy(200_000), mine)
    show("ns.py", lambda: elsewhere("ns-py", ("ns.py", "simpy"), NS_PY, 200_000), mine)
    print(f"{HOPS} queues, {MEAN_BYTES:.0f} B at even gaps, load {LOAD:.0%} before headers")
    mine = show("ours", lambda: ours(4_000_000, even=True))
    show("ns-3", lambda: elsewhere("ns-3", ("ns3",), NS_3, 50_000), mine)
