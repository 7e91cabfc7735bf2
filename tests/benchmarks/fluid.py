"""The fluid engine beside SimGrid (C++ and its Python binding), on the same flows: `python tests/benchmarks/fluid.py`.

A full mesh of 16 clusters, four pods each, two gateway pairs between any two clusters. A flow crosses its pod's NIC,
its tunnel, gateway CPU, node NIC, the WAN link, then NIC, CPU and NIC on the other side. The load is that of the WAN
links; above 100 % flows pile up until arrivals end. SimGrid runs CM02 without latency, TCP corrections or
cross-traffic, so both compute the same thing. "in a run" is how a scenario's flows go: each an object on SimPy's clock,
with acknowledgements on the way back, which make its times differ a little. Times are CPU times of the run alone,
without start-up. With
``--install`` the newest Python binding is built from the package registry into a virtual environment of its own (this
takes half an hour and needs cmake and Boost's headers).
"""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import simpy

from kubeslice_sim.simulator.flow import Flow, Flows
from kubeslice_sim.simulator.maxmin.batch import Network, run
from kubeslice_sim.simulator.share import Demand
from kubeslice_sim.simulator.way import ResourceKey

CLUSTERS, PODS, MEAN_BITS, WAN_BPS = 16, 4, 8e6, 150e6
CAPACITY = {"pod": 1e9, "tunnel": 100e6, "cpu": 200e6, "nic": 1e9, "wan": WAN_BPS}
HERE = Path(__file__).parent
OWN_ENVIRONMENT = HERE.parents[1] / "out" / "benchmarks" / "simgrid"
OPTIONS = ["--cfg=network/model:CM02", "--cfg=network/crosstraffic:0", "--log=root.thres:error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Flows over the mesh. Route ``a · hosts + b`` leads from pod a to pod b."""

    network: Network
    starts_s: np.ndarray
    size_bytes: np.ndarray
    routes: np.ndarray

    def write(self, path: Path) -> None:
        """As simgrid/flows.cpp and simgrid/flows.py read it."""
        hosts, net, used = CLUSTERS * PODS, self.network, np.unique(self.routes)
        lines = [f"{net.capacity.size} {hosts} {used.size} {self.routes.size}"]
        lines += [repr(capacity / 8.0) for capacity in net.capacity.tolist()]
        for route in used.tolist():
            links = net.resource[net.first[route] : net.first[route + 1]].tolist()
            lines.append(f"{route // hosts} {route % hosts} {len(links)} " + " ".join(map(str, links)))
        flows = zip(self.starts_s.tolist(), self.size_bytes.tolist(), self.routes.tolist(), strict=True)
        lines += [f"{start!r} {size} {route // hosts} {route % hosts}" for start, size, route in flows]
        path.write_text("\n".join(lines))


def workload(flows: int, load: float) -> Workload:
    """Poisson arrivals of exponential sizes between random pods of different clusters; ``load`` is the WAN links'."""
    dice = np.random.default_rng(1)
    index: dict[tuple[object, ...], int] = {}
    first, crossed, hosts = [0], [], CLUSTERS * PODS
    for a in range(hosts):
        for b in range(hosts):
            here, there, pair = a // PODS, b // PODS, (a + b) % 2
            if here != there:
                path = [
                    ("pod", a, "out"), ("tunnel", here, there, pair), ("cpu", here, there, pair),
                    ("nic", here, pair, "out"), ("wan", here, there),
                    ("nic", there, pair, "in"), ("cpu", here, there, pair, "in"), ("pod", b, "in"),
                ]  # fmt: skip
                crossed += [index.setdefault(key, len(index)) for key in path]
            first.append(len(crossed))
    network = Network(
        capacity=np.array([CAPACITY[str(key[0])] for key in index]),
        first=np.array(first),
        resource=np.array(crossed),
        use=np.ones(len(crossed)),
    )
    between = np.flatnonzero(np.diff(first))
    rate = load * WAN_BPS * CLUSTERS * (CLUSTERS - 1) / MEAN_BITS
    return Workload(
        network=network,
        starts_s=np.cumsum(dice.exponential(1.0 / rate, flows)),
        size_bytes=np.ceil(dice.exponential(MEAN_BITS / 8, flows)).astype(np.int64),
        routes=dice.choice(between, flows),
    )


def ours(flows: int, load: float, out: Path) -> None:
    """In a process of its own, so that its memory can be told: CPU seconds and peak KiB to standard output."""
    small = workload(10, load)
    run(small.network, small.starts_s, 8.0 * small.size_bytes, small.routes)
    what = workload(flows, load)
    began_s = time.process_time()
    done = run(what.network, what.starts_s, 8.0 * what.size_bytes, what.routes)
    took_s = time.process_time() - began_s
    np.savetxt(out, done.end_s, fmt="%.17g")
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    print(f"{took_s:.6f} {peak[1] if peak else 0}")


def in_a_run(flows: int, load: float, out: Path) -> None:
    """The same as :func:`ours`, flow by flow as the simulator plays them."""
    _play_flows(workload(100, load))
    what = workload(flows, load)
    began_s = time.process_time()
    end_s = _play_flows(what)
    took_s = time.process_time() - began_s
    np.savetxt(out, end_s, fmt="%.17g")
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    print(f"{took_s:.6f} {peak[1] if peak else 0}")


class _Mesh:
    """The mesh's resources, as the simulator asks for them."""

    def __init__(self, capacity: list[float]) -> None:
        self._capacity = capacity

    def capacity(self, key: ResourceKey) -> float:
        return self._capacity[int(key[1])]

    def floor(self, lane: ResourceKey) -> float:
        return 0.0

    def buffer_s(self, key: ResourceKey, rtt_s: float) -> float:
        return 0.05


def _play_flows(what: Workload) -> np.ndarray:
    hosts, net = CLUSTERS * PODS, what.network
    env, end_s = simpy.Environment(), np.zeros(what.routes.size)
    flows = Flows(env, _Mesh(net.capacity.tolist()))  # type: ignore[arg-type]

    def crossed(route: int, use: float) -> tuple[tuple[ResourceKey, float], ...]:
        places = net.resource[net.first[route] : net.first[route + 1]].tolist()
        return tuple((("link", str(place)), use) for place in places)

    demands = {
        route: Demand(
            uses=crossed(route, 1.0), acks=crossed(route % hosts * hosts + route // hosts, 0.03), cap_bps=1e12
        )
        for route in np.unique(what.routes).tolist()
    }

    def arrive() -> Iterator[simpy.Event]:
        rows = zip(what.starts_s.tolist(), (8.0 * what.size_bytes).tolist(), what.routes.tolist(), strict=True)
        for place, (start_s, size_bits, route) in enumerate(rows):
            yield env.timeout(max(0.0, start_s - env.now))
            flow = Flow(env, size_bits=size_bits, congestion="cubic")
            flow.finished.callbacks.append(partial(done, place))
            flows.set(flow, demands[route], 0.05)

    def done(place: int, _: simpy.Event) -> None:
        end_s[place] = env.now

    env.process(arrive())
    env.run()
    return end_s


def play(argv: list[str], out: Path) -> tuple[float, float, np.ndarray] | str:
    """CPU seconds, MiB and completion times of one program, or what it said instead."""
    ran = subprocess.run(argv, capture_output=True, text=True, timeout=3000)
    if ran.returncode:
        return (ran.stderr.strip().splitlines() or ["it failed without a word"])[-1]
    seconds, kilobytes = ran.stdout.split()[-2:]
    return float(seconds), float(kilobytes) / 1024, np.loadtxt(out)


def contenders(folder: Path) -> dict[str, list[str]]:
    """What is here of SimGrid, as commands; a plain sentence for what is not."""
    found: dict[str, list[str]] = {}
    program = folder / "flows"
    if shutil.which("g++") and Path("/usr/include/simgrid").is_dir():
        source = str(HERE / "simgrid" / "flows.cpp")
        subprocess.run(["g++", "-O2", "-std=c++17", source, "-o", str(program), "-lsimgrid"], check=True, timeout=600)
        found["SimGrid C++"] = [str(program)]
    else:
        print("SimGrid C++ is skipped: it needs g++ and Debian's libsimgrid-dev")
    own = OWN_ENVIRONMENT / "bin" / "python"
    if "--install" in sys.argv and not own.exists():
        subprocess.run([sys.executable, "-m", "venv", str(OWN_ENVIRONMENT)], check=True, timeout=300)
        subprocess.run([str(own), "-m", "pip", "install", "--quiet", "simgrid"], check=True, timeout=7200)
    for python in (str(own), sys.executable, "/usr/bin/python3"):
        if not Path(python).exists():
            continue
        if subprocess.run([python, "-c", "import simgrid"], capture_output=True, timeout=60).returncode == 0:
            found["SimGrid Python"] = [python, str(HERE / "simgrid" / "flows.py")]
            return found
    print("SimGrid's Python binding is skipped: it needs Debian's python3-simgrid, or `--install`, which builds PyPI's")
    return found


def main() -> None:
    """Every size and load on everything that is here."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        others = contenders(folder)
        began_s = time.perf_counter()
        small = workload(10, 0.1)
        run(small.network, small.starts_s, 8.0 * small.size_bytes, small.routes)
        print(f"first call in this process, with loading what was compiled: {time.perf_counter() - began_s:.2f} s")
        print(
            f"{'load':>5} {'flows':>7}  {'':15} {'flows/s':>9} {'µs a flow':>9} {'MiB':>5} {'ratio':>6}"
            "  worst difference"
        )
        for load, flows in itertools.product((0.1, 0.7, 1.5), (1000, 10_000, 100_000)):
            given, out = folder / "in", folder / "out"
            workload(flows, load).write(given)
            mine = play([sys.executable, __file__, "--ours", str(flows), str(load), str(out)], out)
            if isinstance(mine, str):
                raise SystemExit(mine)
            _say(load, flows, "kubeslice-sim", mine, mine)
            if load < 1.0:
                run_so = play([sys.executable, __file__, "--in-a-run", str(flows), str(load), str(out)], out)
                if isinstance(run_so, str):
                    raise SystemExit(run_so)
                _say(load, flows, " in a run", run_so, mine)
            # Where the flows hang together, SimGrid takes milliseconds a flow: not all of that is worth the wait.
            for who, argv in others.items() if load < 0.5 or flows < (100_000 if load < 1.0 else 10_000) else ():
                theirs = play([*argv, str(given), str(out), *OPTIONS], out)
                if isinstance(theirs, str):
                    print(f"{load:5.0%} {flows:7}  {who:15} {theirs}")
                else:
                    _say(load, flows, who, theirs, mine)


def _say(
    load: float, flows: int, who: str, took: tuple[float, float, np.ndarray], mine: tuple[float, float, np.ndarray]
) -> None:
    seconds, mebibytes, ends = took
    worst = "" if took is mine else f"{np.max(np.abs(ends - mine[2])):.1e} s of {mine[2].max():.0f} s"
    ratio = seconds / mine[0]
    print(
        f"{load:5.0%} {flows:7}  {who:15} {flows / seconds:9.0f} {seconds / flows * 1e6:9.1f} {mebibytes:5.0f}"
        f" {ratio:6.1f}  {worst}",
        flush=True,
    )


if __name__ == "__main__":
    if sys.argv[1:2] in (["--ours"], ["--in-a-run"]):
        chosen = ours if sys.argv[1] == "--ours" else in_a_run
        chosen(int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
    else:
        main()
