"""The DNS servers of every cluster: KubeSlice's, whose records the control plane sets, and the cluster's own."""

from __future__ import annotations

from emulator import links
from emulator.dns import DnsService, ZoneServer
from emulator.fabric import Fabric
from emulator.links import Addresses
from emulator.netns import Namespace, create_all
from emulator.zone import CLUSTER_DOMAIN, CLUSTER_TTL_S, SLICE_DOMAIN, Zone
from kubeslice_sim.controlplane.effects import ServeNames
from kubeslice_sim.model.timing import Timing


class ClusterNames:
    """One namespace a cluster, on its first gateway node, with both servers in it."""

    def __init__(self, fabric: Fabric, dns: DnsService, timing: Timing) -> None:
        self._fabric = fabric
        self._dns = dns
        self._ttl_s = max(1, round(timing.dns_ttl_s))
        self._servers: dict[str, ZoneServer] = {}
        self._namespaces: dict[str, Namespace] = {}

    def build(self) -> None:
        """Start both servers of every cluster; KubeSlice's knows no name yet."""
        clusters = self._fabric.plan.clusters
        made = create_all(f"dns@{cluster.name}" for cluster in clusters)
        links.apply(Addresses(namespace=namespace, name="lo") for namespace in made)
        addresses = {
            cluster.name: (cluster.dns_ip, self._fabric.cluster_dns_address(cluster.name)) for cluster in clusters
        }
        self._fabric.attach(
            (f"dns/{cluster.name}", cluster.name, cluster.nodes[0].name, addresses[cluster.name], namespace)
            for cluster, namespace in zip(clusters, made, strict=True)
        )
        for cluster, namespace in zip(clusters, made, strict=True):
            slice_address, cluster_address = addresses[cluster.name]
            empty = Zone(SLICE_DOMAIN, self._ttl_s, False, {})
            self._servers[cluster.name] = self._dns.serve_zone(namespace, slice_address, empty)
            own = Zone(CLUSTER_DOMAIN, CLUSTER_TTL_S, True, dict(cluster.cluster_dns))
            self._dns.serve_zone(namespace, cluster_address, own)
        self._namespaces = dict(zip((cluster.name for cluster in clusters), made, strict=True))

    def serve(self, effect: ServeNames) -> None:
        """Answer with these records from now on."""
        self._servers[effect.cluster].set_records(effect.records)

    def kill(self, cluster: str) -> None:
        """KubeSlice's DNS of the cluster stops answering."""
        self._servers[cluster].close()

    def revive(self, cluster: str) -> None:
        """It answers again; what was set meanwhile holds."""
        zone = self._servers[cluster].zone
        address = self._fabric.plan.cluster(cluster).dns_ip
        self._servers[cluster] = self._dns.serve_zone(self._namespaces[cluster], address, zone)
