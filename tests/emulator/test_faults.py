"""What faults break and mend, over a data plane that only keeps the books; whole runs show that it really breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from types import SimpleNamespace
from typing import Any, cast

import pytest

from emulator.faults import Faults
from kubeslice_sim.controlplane.effects import StartAppPod
from kubeslice_sim.model.scenario import Fault
from kubeslice_sim.planner import names

CLUSTER = "worker-1"
WEB = StartAppPod(
    cluster=CLUSTER, namespace="shop", pod="web-0", node="n", pod_ip=IPv4Address("10.0.0.2"), emulate="sleep",
    command=(), ports=(),
)  # fmt: skip
ROUTER = SimpleNamespace(effect=SimpleNamespace(pod="router", slice="red", cluster=CLUSTER), namespace=None)
KINDS = (
    Fault(kill="gateway", slice="red", cluster=CLUSTER),
    Fault(kill="router", slice="red", cluster=CLUSTER),
    Fault(kill="dns", cluster=CLUSTER),
    Fault(kill="pod", pod="shop/web", cluster=CLUSTER),
)


@dataclass
class Books:
    """An overlay and the DNS servers of its clusters, as far as faults see them: ``done`` is what was asked."""

    done: list[str] = field(default_factory=list)
    wanted: bool = True

    @property
    def gateways(self) -> Any:
        return SimpleNamespace(names=lambda *_: ("gateway-0",), namespace=lambda *_: None)

    @property
    def routers(self) -> Any:
        return SimpleNamespace(get=lambda *_: ROUTER)

    def submit(self, work: Callable[[], Any]) -> Any:
        return work()

    def pods_of(self, cluster: str, reference: str) -> tuple[StartAppPod, ...]:
        return (WEB,) if cluster == CLUSTER and names.is_pod_of("web-0", reference.partition("/")[2]) else ()

    def __getattr__(self, verb: str) -> Callable[..., bool]:
        def do(*_: object) -> bool:
            self.done.append(verb.partition("_")[0])
            return self.wanted

        return do


def faults(books: Books) -> Faults:
    return Faults(cast(Any, None), cast(Any, books))


def named(fault: Fault, name: str) -> Fault:
    return Fault(name=name, kill=fault.kill, slice=fault.slice, cluster=fault.cluster, pod=fault.pod)


@pytest.mark.parametrize("kind", KINDS, ids=lambda fault: str(fault.kill))
def test_a_part_stays_down_until_the_last_fault_that_holds_it_ends(kind: Fault) -> None:
    books = Books()
    broken = faults(books)
    for name in ("one", "two"):
        broken.strike(named(kind, name))
    ((_, first),) = broken.mend("one")
    assert "two holds it" in first[0].sentence
    assert "revive" not in books.done
    ((_, last),) = broken.mend("two")
    assert "holds it" not in last[0].sentence
    assert books.done.count("revive") == 1


@pytest.mark.parametrize("kind", KINDS, ids=lambda fault: str(fault.kill))
def test_all_mends_a_part_once(kind: Fault) -> None:
    books = Books()
    broken = faults(books)
    for name in ("one", "two"):
        broken.strike(named(kind, name))
    assert [name for name, _ in broken.mend("all")] == ["one", "two"]
    assert books.done.count("revive") == 1
    assert list(broken.mend("all")) == []


@pytest.mark.parametrize("kind", [fault for fault in KINDS if fault.kill != "dns"], ids=lambda fault: str(fault.kill))
def test_what_was_deleted_meanwhile_is_said_not_to_be_wanted(kind: Fault) -> None:
    books = Books(wanted=False)
    broken = faults(books)
    broken.strike(named(kind, "one"))
    ((_, evidence),) = broken.mend("one")
    assert "is not wanted any more" in evidence[0].sentence


def test_a_fault_without_a_victim_says_so() -> None:
    name, evidence = faults(Books()).strike(Fault(kill="pod", pod="shop/we", cluster=CLUSTER))
    assert name == "fault-1"
    assert [(item.outcome, item.part) for item in evidence] == [("failed_to_probe", "shop/we")]
