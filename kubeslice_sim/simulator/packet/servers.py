"""Several servers and one line: first come, first served, by whoever is free first."""

from __future__ import annotations

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.tables import Row, State


@compiled
def start_service(s: State, link: Row, now_s: float, service_s: float) -> float:
    """When a job that comes now departs: the earliest free server takes it (Kiefer and Wolfowitz 1955).

    The moments at which servers are free are a heap; the earliest is replaced by the job's departure.
    """
    first, count = link.first_server, link.servers
    departs_s = max(now_s, s.servers[first]) + service_s
    place = 0
    while True:
        child = 2 * place + 1
        if child >= count:
            break
        if child + 1 < count and s.servers[first + child + 1] < s.servers[first + child]:
            child += 1
        if s.servers[first + child] >= departs_s:
            break
        s.servers[first + place] = s.servers[first + child]
        place = child
    s.servers[first + place] = departs_s
    return float(departs_s)
