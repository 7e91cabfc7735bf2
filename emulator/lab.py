"""Lab: a world that stands inside the sandbox, under KubeSlice's control loops in real time."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable

from emulator import reverse_proxy
from emulator.dns import DnsService
from emulator.fabric import Fabric
from emulator.faults import Faults
from emulator.kernel import has_kernel_wireguard, search_path
from emulator.names import ClusterNames
from emulator.overlay import Overlay
from emulator.pods import AppPods
from emulator.wire import Wires
from emulator.wireguard_go import check_room
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.fleet_faults import FleetFaults
from kubeslice_sim.controlplane.readiness import Readiness
from kubeslice_sim.controlplane.realtime import RealTimeDriver
from kubeslice_sim.controlplane.watch import Watch
from kubeslice_sim.errors import KubesliceSimError
from kubeslice_sim.model.timing import Timing
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import Plan, plan

LOOK_EVERY_S = 0.05
PATIENCE_ROUNDS = 30
"""After so many gateway reconciles what is not up will not come up by itself (as in the simulator)."""
LEAST_PATIENCE_S = 60.0


class LabError(KubesliceSimError):
    """The kernel refused something that the world needs; what it said is in the message."""

    exit_code = 3


def refuse_unsupported(found: Plan) -> None:
    """Raises LabError for what this machine has nothing for: better no run than one that means something else."""
    gateways = sorted({gateway.name for item in found.slices for gateway in item.east_west})
    if gateways and shutil.which(reverse_proxy.PROGRAM, path=search_path()) is None:
        raise LabError(
            f"nothing would answer at {', '.join(gateways)}: {reverse_proxy.PROGRAM}, which stands in for Istio's "
            f"proxies, is not installed: apt install {reverse_proxy.PROGRAM}, or run the world on the simulator"
        )


class Lab:
    """Everything of a world at once: fabric, names, pods, overlay, faults and the control plane that drives them."""

    def __init__(self, world: World, timing: Timing, seed: int) -> None:
        self.plan = plan(world)
        refuse_unsupported(self.plan)
        if not has_kernel_wireguard():
            check_room(sum(len(tunnel.ends) for item in self.plan.slices for tunnel in item.tunnels))
        self.timing = timing
        self.wires = Wires(seed=seed)
        self.fabric = Fabric(self.plan, self.wires)
        self.fabric.build()
        self.dns = DnsService()
        self.names = ClusterNames(self.fabric, self.dns, timing)
        self.names.build()
        self.pods = AppPods(self.fabric, self.dns)
        self.pods.prepare()
        self.overlay = Overlay(self.fabric, self.pods, timing, self.names)
        self.faults = Faults(self.fabric, self.overlay)
        self.watch = Watch()
        self.fleet = Fleet(world, timing, self.overlay, keeps_journal=True)
        self.driver = RealTimeDriver(self.fleet)
        self.overlay.sink = self.driver
        self.faults.fleet_faults = FleetFaults(self.driver)
        self.driver.start()

    def readiness(self) -> Readiness:
        """Which slices, tunnels and exports are up, and why the others are not. Raises LabError."""
        self.check()
        state = self.driver.readiness()
        self.watch.look(state, self.driver.now_s())
        return state

    def wait_until_up(self, on_wait: Callable[[str], None]) -> bool:
        """Wait for every slice and export; False when patience ends. ``on_wait`` hears what is missing."""
        limit_s = max(LEAST_PATIENCE_S, PATIENCE_ROUNDS * self.timing.gateway_reconcile_s)
        while self.driver.now_s() < limit_s:
            state = self.readiness()
            if state.up:
                return True
            missing = state.waiting[0]
            on_wait(f"{missing.kind} {missing.name}: {missing.reason}")
            time.sleep(LOOK_EVERY_S)
        return False

    def check(self) -> None:
        """Raises LabError when an effect failed: what stands is not what the control plane asked for."""
        failure = self.overlay.failure or self.driver.failure
        if failure is not None:
            kind = "" if isinstance(failure, KubesliceSimError) else f"{type(failure).__name__}: "
            raise LabError(f"the emulation broke: {kind}{failure}") from failure

    def close(self) -> None:
        """Stop everything that runs here; namespaces, links and processes die with the sandbox."""
        with contextlib.suppress(Exception):  # what it failed of, `check` tells
            self.driver.stop()
        self.overlay.close()
        self.dns.close()
        self.wires.close()
