"""Slice routers: one namespace a slice and cluster, a cable to every client, ECMP routes to the other clusters."""

from __future__ import annotations

import functools
import logging
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from emulator import links
from emulator.fabric import ROUTER_SYSCTLS
from emulator.links import Addresses, Interface, NextHop, Route, VethPair
from emulator.netns import Namespace
from kubeslice_sim.controlplane.effects import SetNextHops, StartRouter

_log = logging.getLogger("kubeslice_sim.emulator.routers")

_ECMP = {**ROUTER_SYSCTLS, "net.ipv4.fib_multipath_hash_policy": 1}
"""Flows are spread by their 5-tuple, as the router sidecar sets it."""
_HASH_SEED = "net.ipv4.fib_multipath_hash_seed"
HASH_SEED = 1
"""So that the same flow takes the same tunnel in every run, on kernels from 6.11 on; older ones draw a seed at boot."""


class Router:
    """One slice router: its own address on ``lo``, a device for each client.

    While it is dead it only remembers; when it comes back its clients claim their addresses again, as NSM heals them.
    """

    def __init__(self, effect: StartRouter) -> None:
        self.effect = effect
        self.namespace: Namespace | None = None
        self._clients: dict[IPv4Address, tuple[Namespace, IPv4Network]] = {}
        self._next_hops: dict[IPv4Network, tuple[IPv4Address, ...]] = {}
        self._devices: dict[IPv4Address, str] = {}
        self._made = 0
        self.start()

    def start(self) -> None:
        """Run, with all clients and routes that are known; a running one is left alone."""
        if self.namespace is not None:
            return
        self.namespace = Namespace.create(f"{self.effect.pod}@{self.effect.cluster}")
        self.namespace.sysctls(_ECMP)
        if _has_hash_seed():
            self.namespace.sysctl(_HASH_SEED, HASH_SEED)
        links.apply([Addresses(namespace=self.namespace, name="lo", addresses=(f"{self.effect.address}/32",))])
        for nsm_ip, (client, slice_subnet) in self._clients.items():
            self._plug(nsm_ip, client, slice_subnet)
        for destination, via in self._next_hops.items():
            self._route(destination, via)

    def stop(self) -> None:
        """Die: every client loses its ``nsm0``."""
        for nsm_ip in self._clients:
            self._unplug(nsm_ip)
        if self.namespace is not None:
            self.namespace.close()
            self.namespace = None

    def connect(self, client: Namespace, nsm_ip: IPv4Address, slice_subnet: IPv4Network) -> None:
        """Give a client its ``nsm0``, the slice's routes, and the router's host route to it, as NSM makes them.

        A gateway that is back under its address carries again what it carried: the router was not told otherwise.
        """
        if nsm_ip in self._clients:
            return
        self._clients[nsm_ip] = (client, slice_subnet)
        self._plug(nsm_ip, client, slice_subnet)
        for destination, via in self._next_hops.items():
            if nsm_ip in via:
                self._route(destination, via)

    def disconnect(self, nsm_ip: IPv4Address) -> None:
        """Take a client's cable away with both its ends; one that is not there is fine."""
        self._clients.pop(nsm_ip, None)
        self._unplug(nsm_ip)

    def set_next_hops(self, destination: IPv4Network, via: tuple[IPv4Address, ...]) -> None:
        """The ECMP route to a remote cluster over these local gateways; none deletes it."""
        self._next_hops[destination] = via
        self._route(destination, via)

    def _plug(self, nsm_ip: IPv4Address, client: Namespace, slice_subnet: IPv4Network) -> None:
        if self.namespace is None:
            return
        self._made += 1
        device = self._devices[nsm_ip] = f"nsm{self._made}"
        router = str(self.effect.address)
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

    def _unplug(self, nsm_ip: IPv4Address) -> None:
        device = self._devices.pop(nsm_ip, None)
        if device is not None and self.namespace is not None:
            links.delete_link(self.namespace, device)

    def _route(self, destination: IPv4Network, via: tuple[IPv4Address, ...]) -> None:
        if self.namespace is None:
            return
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


class Routers:
    """The slice routers of all clusters, by slice and cluster. A killed one stays dead until it is revived."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Router] = {}
        self._killed: set[tuple[str, str]] = set()

    def start(self, effect: StartRouter) -> bool:
        """Start a router; one that runs is left alone; False: it was killed and stays dead."""
        key = (effect.slice, effect.cluster)
        if key in self._killed:
            return False
        if key not in self._known:
            self._known[key] = Router(effect)
        return True

    def get(self, slice_name: str, cluster: str) -> Router | None:
        """The router, running or dead, or None where there never was one."""
        return self._known.get((slice_name, cluster))

    def set_next_hops(self, effect: SetNextHops) -> None:
        """Change one ECMP route; without a router there is nothing to change."""
        router = self.get(effect.slice, effect.cluster)
        if router is not None:
            router.set_next_hops(effect.destination, effect.via)

    def kill(self, router: Router) -> None:
        """The router pod dies."""
        self._killed.add((router.effect.slice, router.effect.cluster))
        router.stop()

    def revive(self, router: Router) -> bool:
        """The router pod starts again; False: it was removed meanwhile."""
        key = (router.effect.slice, router.effect.cluster)
        self._killed.discard(key)
        if self._known.get(key) is not router:
            return False
        router.start()
        return True

    def remove(self, cluster: str, pod: str) -> bool:
        """End the router that is this pod for good; False when there is none."""
        for key, router in self._known.items():
            if key[1] == cluster and router.effect.pod == pod:
                del self._known[key]
                router.stop()
                return True
        return False


@functools.cache
def _has_hash_seed() -> bool:
    return (Path("/proc/sys") / _HASH_SEED.replace(".", "/")).exists()
