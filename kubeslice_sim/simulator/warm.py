"""Warm: the engines' machine code is made before anybody waits for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kubeslice_sim.observe.run import Capability
from kubeslice_sim.simulator.first_compile import FLUID, NOWHERE, PACKETS, Kernel, is_compiled, keeps


def cold(*, packets: bool) -> tuple[Kernel, ...]:
    """The engines that must be compiled before a run; ``packets``: one that has traffic packet by packet."""
    from kubeslice_sim.simulator.maxmin import acknowledge, events

    fluid = (acknowledge.settle_all, acknowledge.give, events.arrive, events.depart, events.end, events.next_end_s)
    found = [] if all(map(is_compiled, fluid)) else [FLUID]
    if packets:
        from kubeslice_sim.simulator.packet import engine as by_packet

        if not is_compiled(by_packet.advance):
            found.append(PACKETS)
    return tuple(found)


def engines() -> Capability:
    """Whether the engines are compiled, and where they stay."""
    missing = cold(packets=True)
    kept = keeps(FLUID) and keeps(PACKETS)
    if not kept:
        return Capability(name="compiled engines", level="substitute", note=f"compiled {NOWHERE}")
    if missing:
        wait_s = sum(kernel.about_s for kernel in missing)
        note = f"not yet: the first run that needs one takes up to {wait_s} s longer; ksim doctor --warm does it now"
        return Capability(name="compiled engines", level="ok", note=note)
    return Capability(name="compiled engines", level="ok", note=f"compiled and kept in {folder()}")


def folder() -> str:
    """Where numba keeps them: the folders that it chose, for the two of them."""
    from kubeslice_sim.simulator.maxmin import events
    from kubeslice_sim.simulator.packet import engine

    entries: tuple[Any, ...] = (events.arrive, engine.advance)
    return ", ".join(dict.fromkeys(str(item.stats.cache_path) for item in entries))


def warm(kernels: Iterable[Kernel]) -> None:
    """Compile these engines, and keep what can be kept: every function that a run calls is called once."""
    for kernel in kernels:
        if kernel is FLUID:
            _warm_fluid()
        else:
            _warm_packets()


def _warm_fluid() -> None:
    from kubeslice_sim.simulator.maxmin.engine import Engine

    engine = Engine()
    there, back = engine.resource(1e6), engine.resource(1e6)
    route = engine.route([(there, 1.0)], [(back, 0.02)])
    flow = engine.start(route, 0.0, size_bits=1e3)
    engine.start(route, 0.0)
    engine.settle(0.0)
    engine.set_capacity(there, 2e6)
    engine.settle(1e-4)
    end_s = engine.next_end_s()
    engine.rate_bps(flow)
    engine.sent_bits(flow, 1e-4)
    engine.end(end_s)
    engine.stop(engine.start(route, end_s))
    engine.settle(end_s)


def _warm_packets() -> None:
    from kubeslice_sim.simulator.packet.distribution import deterministic
    from kubeslice_sim.simulator.packet.network import PacketNetwork
    from kubeslice_sim.simulator.packet.specs import Hop, Link, Source

    network = PacketNetwork(seed=1)
    way = network.add_way([Hop(link=network.add_link(Link(name="wire", capacity=1.0)), work=(1.0,))])
    network.add_source(Source(name="one", ways=(way,), gap=deterministic(1.0), limit=1))
    network.run(2.0)
