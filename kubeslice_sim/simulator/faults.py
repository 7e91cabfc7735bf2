"""Faults: what breaks in the simulated network, what mends, and the evidence of both."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.controlplane.built_in import DNS
from kubeslice_sim.controlplane.fleet_faults import FleetFaults
from kubeslice_sim.model.scenario import Fault, LinkFault
from kubeslice_sim.observe.evidence import Evidence
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE, is_pod_of
from kubeslice_sim.simulator.dataplane import SimulatedDataPlane
from kubeslice_sim.simulator.network import Network, PodKey
from kubeslice_sim.simulator.vpn import Vpn


class Faults:
    """Breaks and mends the parts of one network. A fault without a name is called ``fault-<n>``, counted from 1."""

    def __init__(self, network: Network, data_plane: SimulatedDataPlane, vpn: Vpn) -> None:
        self.fleet_faults: FleetFaults | None = None
        """Who breaks the control plane; must be set before such a fault strikes."""
        self._network = network
        self._data_plane = data_plane
        self._vpn = vpn
        self._active: dict[str, tuple[Fault, tuple[PodKey, ...]]] = {}
        self._count = 0

    def strike(self, fault: Fault) -> tuple[str, tuple[Evidence, ...]]:
        """Let it happen. Returns the fault's name and what it did."""
        self._count += 1
        name = fault.name or f"fault-{self._count}"
        keys = tuple(self._victims(fault))
        self._active[name] = (fault, keys)
        if self.fleet_faults is not None and FleetFaults.concerns(fault):
            return name, self.fleet_faults.strike(fault)
        if fault.partition is not None:
            return name, self._cut(fault.partition, True)
        if fault.link is not None:
            return name, self._worsen(fault.link)
        if fault.kill == "dns":
            return name, (self._kill_name_server(fault.cluster),)
        if fault.kill == "node":
            return name, self._lose_node(fault, keys)
        if not keys:
            sentence = f"no {fault.kill} matches this fault; nothing was broken"
            return name, (Evidence(part=fault.pod or fault.kill or "", cluster=fault.cluster, slice=fault.slice,
                                   sentence=sentence, outcome="failed_to_probe"),)  # fmt: skip
        return name, tuple(self._kill(fault, key) for key in keys)

    def mend(self, wanted: str) -> Iterator[tuple[str, tuple[Evidence, ...]]]:
        """End the fault of that name, or ``all``; names and evidence, in the order in which they struck."""
        for name in [name for name in self._active if wanted in ("all", name)]:
            fault, keys = self._active.pop(name)
            if self.fleet_faults is not None and FleetFaults.concerns(fault):
                yield name, self.fleet_faults.mend(fault)
            elif fault.kill == "node":
                yield name, self._recover_node(fault, keys)
            elif fault.partition is not None:
                yield name, self._join(fault.partition)
            elif fault.link is not None:
                yield name, self._repair(fault.link)
            elif fault.kill == "dns":
                yield name, (self._restart_name_server(fault.cluster),)
            else:
                yield name, tuple(self._revive(fault, key) for key in keys)

    def _victims(self, fault: Fault) -> Iterator[PodKey]:
        if fault.kill == "gateway":
            for gateway in self._network.gateways.values():
                start = gateway.start
                asked = (fault.slice, fault.cluster, fault.peer or start.remote_cluster)
                if asked == (start.slice, start.cluster, start.remote_cluster) and fault.instance in (
                    None, start.instance,
                ):  # fmt: skip
                    yield (start.cluster, SYSTEM_NAMESPACE, start.pod)
        elif fault.kill == "router":
            router = self._network.routers.get((fault.cluster, fault.slice))
            if router is not None:
                yield (fault.cluster, SYSTEM_NAMESPACE, router.start.pod)
        elif fault.kill == "node":
            yield from self._data_plane.pods.on_node(fault.cluster, fault.node)
        elif fault.kill == "pod":
            namespace, _, name = fault.pod.rpartition("/")
            for key in self._network.pods:
                if key[:2] == (fault.cluster, namespace) and is_pod_of(key[2], name):
                    yield key

    def _lose_node(self, fault: Fault, keys: tuple[PodKey, ...]) -> tuple[Evidence, ...]:
        runs_names = self._network.nameserver(fault.cluster).node == fault.node
        self._data_plane.pods.lose_node(fault.cluster, fault.node)
        if not keys and not runs_names:
            sentence = f"nothing runs on {fault.node or 'that node'} of {fault.cluster}; nothing was broken"
            return (Evidence(part=fault.node, cluster=fault.cluster, sentence=sentence, outcome="failed_to_probe"),)
        others = ", KubeSlice's DNS among them" if runs_names else ""
        sentence = f"{fault.node} of {fault.cluster} is gone, and {len(keys) + runs_names} pods with it{others}"
        return (Evidence(part=fault.node, cluster=fault.cluster, sentence=sentence),)

    def _recover_node(self, fault: Fault, keys: tuple[PodKey, ...]) -> tuple[Evidence, ...]:
        for other, _ in self._active.values():
            if (other.kill, other.cluster, other.node) == (fault.kill, fault.cluster, fault.node):
                sentence = f"{fault.node} of {fault.cluster} stays away: another fault holds it"
                return (Evidence(part=fault.node, cluster=fault.cluster, sentence=sentence),)
        started = self._data_plane.pods.recover_node(fault.cluster, fault.node)
        sentence = f"{fault.node} of {fault.cluster} is back; {started} of its {len(keys)} pods start again there"
        return (Evidence(part=fault.node, cluster=fault.cluster, sentence=sentence),)

    def _kill(self, fault: Fault, key: PodKey) -> Evidence:
        ran = self._data_plane.pods.kill(key)
        return Evidence(
            part=_name(key), cluster=key[0], slice=fault.slice, peer=fault.peer,
            sentence=f"{key[2]} on {key[0]} was killed and stays down" if ran
            else f"{key[2]} on {key[0]} did not run; it stays down",
        )  # fmt: skip

    def _revive(self, fault: Fault, key: PodKey) -> Evidence:
        holder = next((name for name, (_, keys) in self._active.items() if key in keys), "")
        if holder:
            sentence = f"{key[2]} on {key[0]} stays down: {holder} holds it"
        elif self._data_plane.pods.release(key):
            sentence = f"{key[2]} on {key[0]} starts again"
        else:
            sentence = f"{key[2]} on {key[0]} is not wanted any more"
        return Evidence(part=_name(key), cluster=key[0], slice=fault.slice, peer=fault.peer, sentence=sentence)

    def _cut(self, pair: tuple[str, ...], cut: bool) -> tuple[Evidence, ...]:
        one, other = pair
        for link in self._network.both_ways(one, other):
            link.cut = cut
        self._vpn.link_changed(one, other)
        self._network.changed()
        state = "drops every packet" if cut else "carries packets again"
        return (Evidence(part=f"{one}–{other}", cluster=one, peer=other,
                         sentence=f"the link {one}–{other} {state}, both ways"),)  # fmt: skip

    def _join(self, pair: tuple[str, ...]) -> tuple[Evidence, ...]:
        for name, (other, _) in self._active.items():
            if other.partition is not None and set(other.partition) == set(pair):
                sentence = f"the link {'–'.join(pair)} still drops every packet: {name} holds it"
                return (Evidence(part="–".join(pair), cluster=pair[0], peer=pair[1], sentence=sentence),)
        return self._cut(pair, False)

    def _worsen(self, fault: LinkFault) -> tuple[Evidence, ...]:
        one, other = fault.between
        for link in self._network.both_ways(one, other):
            link.worsen(fault)
        self._network.changed()
        return (self._link_evidence(one, other),)

    def _repair(self, fault: LinkFault) -> tuple[Evidence, ...]:
        one, other = fault.between
        for link in self._network.both_ways(one, other):
            link.path = link.given
        # Another fault of the same link still holds.
        for active, _ in self._active.values():
            if active.link is not None and set(active.link.between) == {one, other}:
                for link in self._network.both_ways(one, other):
                    link.worsen(active.link)
        self._network.changed()
        return (self._link_evidence(one, other),)

    def _link_evidence(self, one: str, other: str) -> Evidence:
        path = self._network.link(one, other).path
        sentence = (
            f"the link {one}–{other} now has delay {path.delay_s * 1e3:g} ms, jitter {path.jitter_s * 1e3:g} ms, "
            f"loss {path.loss * 100:g} %, {path.bandwidth_bps / 1e6:g} Mbit/s each way"
        )
        return Evidence(part=f"{one}–{other}", cluster=one, peer=other, sentence=sentence)

    def _kill_name_server(self, cluster: str) -> Evidence:
        ran = self._data_plane.pods.kill_name_server(cluster)
        sentence = f"KubeSlice DNS of {cluster} {'was killed and stays down' if ran else 'did not run; it stays down'}"
        return Evidence(part=DNS, cluster=cluster, sentence=sentence)

    def _restart_name_server(self, cluster: str) -> Evidence:
        for name, (other, _) in self._active.items():
            if other.kill == "dns" and other.cluster == cluster:
                sentence = f"KubeSlice DNS of {cluster} stays silent: {name} holds it"
                return Evidence(part=DNS, cluster=cluster, sentence=sentence)
        self._data_plane.pods.release_name_server(cluster)
        return Evidence(part=DNS, cluster=cluster, sentence=f"KubeSlice DNS of {cluster} starts again")


def _name(key: PodKey) -> str:
    return key[2] if key[1] == SYSTEM_NAMESPACE else f"{key[1]}/{key[2]}"
