"""Assembly: the simulated world put together, still without a control plane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import simpy

from kubeslice_sim.controlplane.dataplane import FactSink
from kubeslice_sim.model.slice_config import GatewayType
from kubeslice_sim.model.timing import Timing
from kubeslice_sim.planner.plan import Plan
from kubeslice_sim.planner.policy_rules import PolicyRules
from kubeslice_sim.simulator.costs import Costs
from kubeslice_sim.simulator.dataplane import SimulatedDataPlane
from kubeslice_sim.simulator.faults import Faults
from kubeslice_sim.simulator.flow import Flows
from kubeslice_sim.simulator.names import Resolver
from kubeslice_sim.simulator.network import Network
from kubeslice_sim.simulator.proxies import proxies_of
from kubeslice_sim.simulator.resource import Resources
from kubeslice_sim.simulator.rows import Rows
from kubeslice_sim.simulator.scene import Scene
from kubeslice_sim.simulator.streams import Streams
from kubeslice_sim.simulator.vpn import Vpn
from kubeslice_sim.simulator.way import Ways

if TYPE_CHECKING:
    from kubeslice_sim.simulator.packet.world import PacketWorld


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The parts of one simulated world."""

    env: simpy.Environment
    data_plane: SimulatedDataPlane
    vpn: Vpn
    scene: Scene
    faults: Faults

    def report_to(self, sink: FactSink) -> None:
        """Tell the data plane who listens to its facts; must come before the first effect."""
        self.data_plane.sink = sink
        self.vpn.sink = sink


def assemble(
    plan: Plan, timing: Timing, seed: int, rows: Rows, costs: Costs, gateway_types: Mapping[str, GatewayType],
    *, packets: bool = False, by_packet: bool = False,
) -> Assembly:  # fmt: skip
    """A world of devices that are not there yet: effects bring them.

    ``gateway_types``: the VPN of each slice. ``packets``: with the packet engine, which takes time to load.
    ``by_packet``: slice routers spread packet by packet.
    """
    env = simpy.Environment()
    network = Network(plan.world.underlay)
    network.proxies = proxies_of(plan)
    network.planned = {pod.reference: pod for pod in plan.pods}
    network.rules = PolicyRules(plan)
    streams = Streams(seed)
    vpn = Vpn(env, network, timing, costs, streams, lambda slice_: gateway_types.get(slice_, "OpenVPN"))
    data_plane = SimulatedDataPlane(env, network, vpn, timing)
    scene = Scene(
        env=env,
        network=network,
        ways=Ways(network, costs, streams.number("ecmp"), by_packet=by_packet),
        flows=Flows(env, Resources(network, costs)),
        resolver=Resolver(
            env, network, costs, timing.dns_ttl_s, {cluster.name: cluster.cluster_dns for cluster in plan.clusters}
        ),
        streams=streams,
        costs=costs,
        rows=rows,
        packets=_packet_world(env, network, costs, streams) if packets else None,
    )
    return Assembly(env=env, data_plane=data_plane, vpn=vpn, scene=scene, faults=Faults(network, data_plane, vpn))


def _packet_world(env: simpy.Environment, network: Network, costs: Costs, streams: Streams) -> PacketWorld:
    from kubeslice_sim.simulator.packet.world import PacketWorld

    return PacketWorld(env, network, Resources(network, costs), costs, streams.number("packets"))
