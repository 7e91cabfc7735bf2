"""The same as flows.cpp by SimGrid's Python binding; run by an interpreter that has it.

Written for 3.32 (Debian's python3-simgrid); 4.x named a few calls anew.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

from simgrid import Actor, Comm, Engine, LinkInRoute, NetZone, this_actor

engine = Engine(sys.argv)
words = iter(Path(sys.argv[1]).read_text().split())
links, hosts, routes, flows = (int(next(words)) for _ in range(4))
root = getattr(engine, "netzone_root", None)
new = hasattr(root, "add_netzone_full")
zone = root.add_netzone_full("mesh") if new else NetZone.create_full_zone("mesh")
add_link, add_host = (zone.add_link, zone.add_host) if new else (zone.create_link, zone.create_host)
link = [add_link(f"l{i}", float(next(words))).set_latency(0.0).seal() for i in range(links)]
host = [add_host(f"h{i}", 1e9).seal() for i in range(hosts)]
for _ in range(routes):
    source, target, count = (int(next(words)) for _ in range(3))
    path = [LinkInRoute(link[int(next(words))]) for _ in range(count)]
    if new:
        zone.add_route(host[source], host[target], path, False)
    else:
        zone.add_route(host[source].netpoint, host[target].netpoint, None, None, path, False)
zone.seal()
plan = [(float(next(words)), int(next(words)), host[int(next(words))], host[int(next(words))]) for _ in range(flows)]
ends: list[float] = []


def body() -> None:
    comms = []
    for start_s, size, source, target in plan:
        this_actor.sleep_until(start_s)
        comms.append(Comm.sendto_async(source, target, size))
    for comm in comms:
        comm.wait()
        ends.append(comm.finish_time)


if new:
    host[0].add_actor("flows", body)
else:
    Actor.create("flows", host[0], body)
began_s = time.process_time()
engine.run()
took_s = time.process_time() - began_s
Path(sys.argv[2]).write_text("\n".join(repr(end) for end in ends))
peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
print(f"{took_s:.6f} {peak[1] if peak else 0}")
