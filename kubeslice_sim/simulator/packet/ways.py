"""Ways of a flow: one, or several that its packets take in turn."""

from __future__ import annotations

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.tables import Row, State


@compiled
def first_hop(s: State, flow: Row) -> int:
    """Where the flow's next packet begins. Packets in turn over ways that differ arrive out of order."""
    if flow.ways > 1:
        flow.turn = (flow.turn + 1) % flow.ways
    return int(s.ways[flow.there + flow.turn])
