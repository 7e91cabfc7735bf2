"""Namespaces that isolation lets through: marked for as long as a slice wants them, and only where they exist."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kubeslice_sim.controlplane.request import Patch, Remove
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.slice_config import NamespaceSelection, SliceConfig
from kubeslice_sim.model.timing import FAST
from tests.controlplane.hand import Hand
from tests.planner import worlds as make

LABEL, ANNOTATION = "kubeslice.io/namespace", "kubeslice.io/trafficAllowedToSlices"


def marks(hand: Hand) -> dict[str, str]:
    """Namespace → the slices that are listed on it, of those that carry their own name as the label."""
    items: Any = hand.fleet.workers["a"].store.view.objects("Namespace")
    return {
        item.metadata.name: item.metadata.annotations[ANNOTATION]
        for item in items if item.metadata.labels.get(LABEL) == item.metadata.name
    }  # fmt: skip


def allowing(*namespaces: str, closed: bool = True) -> Any:
    def change(item: SliceConfig) -> SliceConfig:
        allowed = tuple(NamespaceSelection(namespace=name, clusters=("*",)) for name in namespaces)
        profile = replace(item.spec.namespace_isolation_profile, allowed_namespaces=allowed, isolation_enabled=closed)
        return replace(item, spec=replace(item.spec, namespace_isolation_profile=profile))

    return change


def test_allowed_namespaces_are_marked_for_each_slice_that_allows_them() -> None:
    world = make.world(
        ["a", "b"],
        [make.slice_config("red", ["a", "b"]),
         make.slice_config("blue", ["a", "b"], subnet="10.2.0.0/16", namespace="web")],
        [make.deployment("client", ["a"])],
    )  # fmt: skip
    hand = Hand(world, FAST)
    hand.until_up(60)
    assert marks(hand) == {}
    for name, change in (("red", allowing("default", "nowhere")), ("blue", allowing())):
        hand.fleet.submit(Patch(key=ObjectKey("SliceConfig", make.HUB, name), change=change), hand.now_s)
        hand.run_for(20)
    assert marks(hand) == {"default": "red", "kube-system": "red,blue", "kubeslice-system": "red,blue"}
    hand.fleet.submit(Patch(key=ObjectKey("SliceConfig", make.HUB, "red"), change=allowing()), hand.now_s)
    hand.run_for(20)
    assert marks(hand) == {"kube-system": "red,blue", "kubeslice-system": "red,blue"}
    hand.fleet.submit(Patch(key=ObjectKey("SliceConfig", make.HUB, "blue"), change=_leave), hand.now_s)
    hand.run_for(20)
    hand.fleet.submit(Remove(key=ObjectKey("SliceConfig", make.HUB, "blue")), hand.now_s)
    hand.run_for(60)
    assert marks(hand) == {"kube-system": "red", "kubeslice-system": "red"}


def _leave(item: SliceConfig) -> SliceConfig:
    profile = replace(item.spec.namespace_isolation_profile, application_namespaces=())
    return replace(item, spec=replace(item.spec, namespace_isolation_profile=profile))
