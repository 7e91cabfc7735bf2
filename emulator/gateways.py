"""Slice gateways: a namespace with a WireGuard tunnel and a sidecar for each gateway pod; they die and come back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network

from emulator import links, nft
from emulator.edges import Edges
from emulator.fabric import ROUTER_SYSCTLS, Fabric
from emulator.firewall import dscp_marks
from emulator.keys import PrivateKey
from emulator.links import NextHop, Route
from emulator.netns import Namespace
from emulator.routers import Routers
from emulator.shaping import PortMatch, PortSide, shape_tunnel
from emulator.sidecars import Sidecars
from emulator.wireguard import LISTEN_PORT, Driver, Endpoint, Peer, Tunnel, TunnelConfig, open_tunnel
from kubeslice_sim.controlplane.effects import IssueCertificates, StartGateway


@dataclass(slots=True)
class Gateway:
    """A gateway pod: what it was asked to be, its CNI address, and where it runs (None while it is dead)."""

    effect: StartGateway
    pod_ip: IPv4Address
    namespace: Namespace | None = None
    tunnel: Tunnel | None = None

    @property
    def attachment(self) -> str:
        """Its name on the fabric."""
        return f"gateway/{self.effect.cluster}/{self.effect.pod}"


class Gateways:
    """All gateway pods, by cluster and pod, and the keys of their pairs."""

    def __init__(self, fabric: Fabric, routers: Routers, sidecars: Sidecars, driver: Driver) -> None:
        self._fabric = fabric
        self.edges = Edges(fabric)
        self._routers = routers
        self._sidecars = sidecars
        self._driver = driver
        self._keys: dict[tuple[str, int], PrivateKey] = {}
        self._pods: dict[tuple[str, str], Gateway] = {}
        self._killed: set[tuple[str, str]] = set()

    def issue_keys(self, effect: IssueCertificates) -> None:
        """Make the key pairs of a gateway pair; they never leave this object."""
        for gateway in (effect.server, effect.client):
            self._keys.setdefault((gateway, effect.rotation), PrivateKey.generate())

    def names(self, slice_name: str, cluster: str, peer: str, instance: int | None) -> tuple[str, ...]:
        """The pods of a slice that join a cluster to a peer (empty: any), all instances or one."""
        found = [
            item.effect
            for item in self._pods.values()
            if (item.effect.slice, item.effect.cluster) == (slice_name, cluster)
            and peer in ("", item.effect.remote_cluster)
            and instance in (None, item.effect.instance)
        ]
        return tuple(
            effect.pod for effect in sorted(found, key=lambda effect: (effect.remote_cluster, effect.instance))
        )

    def knows(self, cluster: str, pod: str) -> bool:
        """Whether such a gateway was ever asked for."""
        return (cluster, pod) in self._pods

    def namespace(self, cluster: str, pod: str) -> Namespace | None:
        """Where a gateway pod runs, None while it is dead. Raises KeyError for one that was never asked for."""
        return self._pods[cluster, pod].namespace

    def sent(self) -> Iterator[tuple[StartGateway, int]]:
        """The gateways that run, and the bytes that have entered each one's tunnel since it was opened."""
        for gateway in self._pods.values():
            if gateway.namespace is not None and gateway.tunnel is not None:
                device = links.read(gateway.namespace).get(gateway.tunnel.config.interface)
                if device is not None:
                    yield gateway.effect, device.sent_bytes

    def start(self, effect: StartGateway) -> bool:
        """Start a gateway pod, or replace it by what it should be now; False: a killed one stays dead."""
        key = (effect.cluster, effect.pod)
        known = self._pods.get(key)
        if known is not None and known.tunnel is not None and known.effect == effect:
            return True
        if known is not None and not known.effect.differs_alive(effect):
            self._reroute(known, effect)
            return True
        if known is not None:
            self.stop(*key)
        pod_ip = known.pod_ip if known else self._fabric.infrastructure_address(effect.cluster)
        gateway = self._pods[key] = Gateway(effect, pod_ip)
        if key in self._killed:
            return False
        self._run(gateway)
        return True

    def stop(self, cluster: str, pod: str) -> None:
        """End a gateway pod with all its processes; one that is dead is fine."""
        gateway = self._pods[cluster, pod]
        if gateway.namespace is None or gateway.tunnel is None:
            return
        effect = gateway.effect
        self._sidecars.forget(cluster, pod)
        gateway.tunnel.down()
        router = self._routers.get(effect.slice, cluster)
        if router is not None:
            router.disconnect(effect.nsm_ip)
        if effect.host_type == "Server":
            self.edges.close(effect.slice, cluster, effect.node_port)
        self._fabric.detach(gateway.attachment)
        gateway.namespace.close()
        gateway.tunnel = gateway.namespace = None

    def forget(self, cluster: str, pod: str) -> None:
        """End a gateway pod for good: it was deleted."""
        self.stop(cluster, pod)
        gone = self._pods.pop((cluster, pod))
        self._fabric.release_address(cluster, gone.pod_ip)

    def kill(self, cluster: str, pod: str) -> None:
        """A gateway pod dies, and is not started again until :meth:`revive`."""
        self._killed.add((cluster, pod))
        self.stop(cluster, pod)

    def revive(self, cluster: str, pod: str) -> bool:
        """Start a killed gateway pod as it was last asked for; False: it was deleted meanwhile."""
        self._killed.discard((cluster, pod))
        gateway = self._pods.get((cluster, pod))
        if gateway is None:
            return False
        if gateway.tunnel is None:
            self._run(gateway)
        return True

    def _run(self, gateway: Gateway) -> None:
        effect = gateway.effect
        namespace = Namespace.create(f"{effect.pod}@{effect.cluster}", private_files=True)
        namespace.sysctls(ROUTER_SYSCTLS)
        self._fabric.attach([(gateway.attachment, effect.cluster, effect.node, (gateway.pod_ip,), namespace)])
        router = self._routers.get(effect.slice, effect.cluster)
        if router is not None:
            router.connect(namespace, effect.nsm_ip, effect.slice_subnet)
        if effect.host_type == "Server":
            self.edges.open(effect.slice, effect.cluster, effect.node_port, gateway.pod_ip)
        tunnel = open_tunnel(namespace, self._tunnel_config(effect), driver=self._driver)
        tunnel.up()
        if effect.routes_entire_slice:
            _route_inward(namespace, effect)
        if effect.tunnel_rate_bps:
            shape_tunnel(namespace, tunnel.config.interface, effect.tunnel_rate_bps)
        self._mark(namespace, effect)
        gateway.namespace, gateway.tunnel = namespace, tunnel
        self._sidecars.watch(effect, namespace)

    def _reroute(self, gateway: Gateway, effect: StartGateway) -> None:
        """The gateway becomes a spoke's, or is one no longer: its sidecar changes routes, the tunnel stays up."""
        gateway.effect = effect
        if gateway.namespace is None or gateway.tunnel is None:
            return
        (peer,) = self._tunnel_config(effect).peers
        gateway.tunnel.set_peer(replace(peer, endpoint=None))
        _route_inward(gateway.namespace, effect)

    def _tunnel_config(self, effect: StartGateway) -> TunnelConfig:
        endpoint = None
        if effect.host_type == "Client":
            # The headless Service of the server's node IPs resolves round robin; each deployment takes the next one.
            address = effect.remote_node_ips[effect.instance % len(effect.remote_node_ips)]
            endpoint = Endpoint(address=IPv4Address(address), port=effect.node_port)
        peer = Peer(
            public_key=self._keys[effect.remote_gateway, effect.rotation].public(),
            allowed_ips=(IPv4Network(f"{effect.remote_vpn_ip}/32"), effect.tunnelled),
            endpoint=endpoint,
        )
        key = self._keys[effect.gateway, effect.rotation]
        return TunnelConfig(private_key=key, address=effect.vpn_ip, peers=(peer,))

    def _mark(self, namespace: Namespace, effect: StartGateway) -> None:
        """DSCP as it is in practice: on what a server sends; the operator never tells a client its remote port."""
        qos = self._fabric.plan.slice(effect.slice).qos
        if qos is not None and qos.dscp is not None and effect.host_type == "Server":
            nft.apply(namespace, dscp_marks(qos.dscp_class, [PortMatch(side=PortSide.SOURCE, port=LISTEN_PORT)]))


def _route_inward(namespace: Namespace, effect: StartGateway) -> None:
    """What comes out of the tunnel goes to the router: the slice, or in a spoke, which sends that out, its own CIDR.

    NSM gives a client the slice's route; a spoke's tunnel has replaced it.
    """
    destination = effect.local_cidr if effect.routes_entire_slice else effect.slice_subnet
    hop = NextHop(via=str(effect.router_address), device="nsm0", onlink=True)
    links.replace_route(Route(namespace=namespace, destination=str(destination), hops=(hop,)))
