"""Slice routers: one namespace a slice and cluster, a cable to every client, ECMP routes to the other clusters."""

from __future__ import annotations

import logging
from ipaddress import IPv4Address, IPv4Network

from emulator import links
from emulator.fabric import ROUTER_SYSCTLS
from emulator.links import Addresses, Interface, NextHop, Route, VethPair
from emulator.netns import Namespace
from kubeslice_sim.controlplane.effects import SetNextHops, StartRouter

_log = logging.getLogger("kubeslice_sim.emulator.routers")

_ECMP = {**ROUTER_SYSCTLS, "net.ipv4.fib_multipath_hash_policy": 1}
"""Flows are spread by their 5-tuple, as the router sidecar sets it."""


class Router:
    """One running slice router: its own address on ``lo``, a device for each client."""

    def __init__(self, effect: StartRouter) -> None:
        self.pod = effect.pod
        self.address = effect.address
        self.namespace = Namespace.create(f"{effect.pod}@{effect.cluster}")
        self.namespace.sysctls(_ECMP)
        self._devices: dict[IPv4Address, str] = {}
        self._made = 0
        links.apply([Addresses(namespace=self.namespace, name="lo", addresses=(f"{effect.address}/32",))])

    def connect(self, client: Namespace, nsm_ip: IPv4Address, slice_subnet: IPv4Network) -> None:
        """Give a client its ``nsm0``, the slice's routes, and the router's host route to it, as NSM makes them."""
        if nsm_ip in self._devices:
            return
        self._made += 1
        device = self._devices[nsm_ip] = f"nsm{self._made}"
        router = str(self.address)
        links.apply(
            [
                VethPair(
                    a=Interface(namespace=client, name="nsm0", addresses=(f"{nsm_ip}/32",)),
                    b=Interface(namespace=self.namespace, name=device),
                ),
                Route(namespace=client, destination=f"{router}/32", hops=(NextHop(device="nsm0"),)),
                Route(
                    namespace=client,
                    destination=str(slice_subnet),
                    hops=(NextHop(via=router, device="nsm0", onlink=True),),
                ),
                Route(namespace=self.namespace, destination=f"{nsm_ip}/32", hops=(NextHop(device=device),)),
            ]
        )

    def disconnect(self, nsm_ip: IPv4Address) -> None:
        """Take a client's cable away with both its ends; one that is not there is fine."""
        device = self._devices.pop(nsm_ip, None)
        if device is not None:
            links.delete_link(self.namespace, device)

    def set_next_hops(self, destination: IPv4Network, via: tuple[IPv4Address, ...]) -> None:
        """The ECMP route to a remote cluster over these local gateways; none deletes it."""
        hops = tuple(
            NextHop(via=str(address), device=self._devices[address], onlink=True)
            for address in via
            if address in self._devices
        )
        if hops:
            links.replace_route(Route(namespace=self.namespace, destination=str(destination), hops=hops))
            return
        try:
            links.delete_route(self.namespace, str(destination))
        except links.LinkError:  # the kernel drops a route itself when its last device goes
            _log.debug("%s: no route to %s is left to delete", self.namespace.name, destination)

    def close(self) -> None:
        """Stop: every client loses its ``nsm0``."""
        for nsm_ip in list(self._devices):
            self.disconnect(nsm_ip)
        self.namespace.close()


class Routers:
    """The slice routers of all clusters, by slice and cluster."""

    def __init__(self) -> None:
        self._running: dict[tuple[str, str], Router] = {}

    def start(self, effect: StartRouter) -> None:
        """Start a router; one that runs is left alone."""
        if (effect.slice, effect.cluster) not in self._running:
            self._running[effect.slice, effect.cluster] = Router(effect)

    def get(self, slice_name: str, cluster: str) -> Router | None:
        """The router, or None while there is none."""
        return self._running.get((slice_name, cluster))

    def set_next_hops(self, effect: SetNextHops) -> None:
        """Change one ECMP route; without a router there is nothing to change."""
        router = self.get(effect.slice, effect.cluster)
        if router is not None:
            router.set_next_hops(effect.destination, effect.via)

    def stop(self, cluster: str, pod: str) -> bool:
        """Stop the router that runs as this pod; False when none does."""
        for key, router in self._running.items():
            if key[1] == cluster and router.pod == pod:
                del self._running[key]
                router.close()
                return True
        return False
