"""Requests on the timeline: apply, patch and delete while a scenario runs."""

from __future__ import annotations

import pytest

from kubeslice_sim.controlplane.timeline import merged, requests
from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.frozen import freeze
from kubeslice_sim.model.scenario import TimelineStep
from kubeslice_sim.model.world import World
from tests.simulator.played import (
    lookup,
    play,
    rows,
    scenario,
)


def test_a_deleted_export_stops_resolving_after_the_ttl(three: World) -> None:
    delete = freeze({"kind": "ServiceExport", "metadata": {"name": "cart", "namespace": "shop"}})
    step = TimelineStep(at_s=5.0, delete=delete)
    run = play(three, scenario(three, lookup(), timeline=[step], duration_s=30.0))
    answers = {row.at_s: row.value for row in rows(run, "answers")}
    assert answers[4.5] == 1
    assert answers[29.5] == 0


def test_scaling_up_adds_an_answer(three: World) -> None:
    patch = freeze({
        "apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 3},
        "metadata": {"name": "cart", "namespace": "shop", "annotations": {"kubeslice-sim.io/clusters": "worker-2"}},
    })  # fmt: skip
    step = TimelineStep(at_s=5.0, patch=patch)
    run = play(three, scenario(three, lookup(), timeline=[step], duration_s=30.0))
    last = rows(run, "answers")[-1]
    assert last.detail == "shop/cart-0@worker-2,shop/cart-1@worker-2,shop/cart-2@worker-2"


def test_a_refused_request_is_a_notice_not_a_crash(three: World) -> None:
    delete = freeze({"kind": "ServiceExport", "metadata": {"name": "nothing", "namespace": "shop"}})
    run = play(three, scenario(three, timeline=[TimelineStep(at_s=2.0, delete=delete)], duration_s=5.0))
    assert len(run.notices) == 1
    assert "nothing" in run.notices[0]


def test_a_patch_merges_and_null_removes() -> None:
    stored = {"spec": {"a": 1, "b": {"c": 2, "d": [1, 2]}}, "kind": "X"}
    change = {"spec": {"b": {"c": None, "d": [3]}, "e": 4}}
    assert merged(stored, change) == {"spec": {"a": 1, "b": {"d": [3]}, "e": 4}, "kind": "X"}
    assert stored["spec"] == {"a": 1, "b": {"c": 2, "d": [1, 2]}}


def test_a_deletion_must_say_what() -> None:
    with pytest.raises(BadInput, match=r"kind and metadata\.name"):
        requests(TimelineStep(at_s=0.0, delete=freeze({"kind": "Pod"})))
