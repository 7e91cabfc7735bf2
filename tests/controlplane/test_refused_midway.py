"""What a slice takes back from the data plane is taken back, even where a write that goes with it is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kubeslice_sim.controlplane.effects import ConnectPod, DisconnectPod
from kubeslice_sim.controlplane.request import Patch
from kubeslice_sim.manifest import load_text
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.timing import KUBESLICE
from tests.controlplane.hand import Hand

BARE = """
---
apiVersion: v1
kind: Pod
metadata: {name: alone, namespace: iperf, annotations: {kubeslice-sim.io/clusters: worker-1}}
spec: {containers: [{name: c, image: busybox}]}
"""


def test_a_pod_that_nobody_replaces_leaves_the_overlay_though_the_hub_is_away(root: Path) -> None:
    text = (root / "scenarios" / "01-two-clusters" / "world.yaml").read_text() + BARE
    hand = Hand(load_text(text, "world.yaml"), KUBESLICE)
    hand.until_up(600)
    interface = ("interface", "worker-1", "iperf-slice", "iperf", "alone")
    assert isinstance(hand.fleet.ledger.newest(*interface), ConnectPod)

    def deboarded(item: SliceConfig) -> SliceConfig:
        profile = item.spec.namespace_isolation_profile
        assert profile is not None
        return replace(item, spec=replace(
            item.spec, namespace_isolation_profile=replace(profile, application_namespaces=())
        ))  # fmt: skip

    hand.fleet.submit(
        Patch(key=ObjectKey("SliceConfig", "kubeslice-demo", "iperf-slice"), change=deboarded), hand.now_s
    )
    view = hand.fleet.workers["worker-1"].store.view
    for _ in range(20_000):
        pod = view.find("Pod", "iperf", "alone")
        assert pod is not None
        if "kubeslice.io/slice" not in pod.metadata.labels:
            break
        hand.run_for(0.001)
    hand.fleet.disturbances.cut("worker-1", hand.now_s)
    hand.run_for(60)
    hand.fleet.disturbances.join("worker-1", hand.now_s)
    hand.run_for(60)
    assert isinstance(hand.fleet.ledger.newest(*interface), DisconnectPod)
