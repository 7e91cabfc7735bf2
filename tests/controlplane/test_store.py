"""The API server in memory keeps Kubernetes' rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubeslice_sim.controlplane.built_in import built_in, owned_by, with_spec, with_status_fields
from kubeslice_sim.controlplane.refusal import AlreadyExists, Conflict, Expired, NotFound, Refused
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.model.cluster import Cluster, ClusterSpec, ClusterStatus
from kubeslice_sim.model.document import ObjectKey, ObjectMeta, key_of
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.kubernetes import KubernetesObject


@pytest.fixture
def store() -> Store:
    return Store("c")


def pod(name: str, **labels: str) -> KubernetesObject:
    return built_in("Pod", "app", name, labels=labels, body={"spec": {"nodeName": ""}})


def cluster(**spec: str) -> Cluster:
    return Cluster(metadata=ObjectMeta(name="w", namespace="p"), spec=ClusterSpec(**spec))


def test_create_gives_identity(store: Store) -> None:
    first, second = store.create(pod("a"), 61.5), store.create(pod("b"), 62.0)
    assert first.metadata.resource_version == "1"
    assert first.metadata.generation == 1
    assert first.metadata.creation_timestamp == "2026-01-01T00:01:01Z"
    assert first.metadata.uid < second.metadata.uid, "uids tell the order of creation"


def test_create_drops_the_status_as_a_status_subresource_does(store: Store) -> None:
    made = store.create(replace(cluster(), status=ClusterStatus(secret_name="s")), 0.0)
    assert made.status is None
    assert with_status_fields(pod("a"), phase="Running").status
    assert not store.create(with_status_fields(pod("a"), phase="Running"), 0.0).status


def test_a_second_object_of_the_same_key_is_refused(store: Store) -> None:
    store.create(pod("a"), 0.0)
    with pytest.raises(AlreadyExists, match="Pod app/a: already exists"):
        store.create(pod("a"), 0.0)


def test_a_stale_update_conflicts_and_changes_nothing(store: Store) -> None:
    seen = store.create(cluster(), 0.0)
    store.update(replace(seen, spec=ClusterSpec(network_interface="eth0")), 1.0)
    with pytest.raises(Conflict, match="resourceVersion 1 was sent but 2 is held"):
        store.update(replace(seen, spec=ClusterSpec(network_interface="eth1")), 2.0)
    held = store.view.get(Cluster, "p", "w")
    assert held is not None
    assert held.spec.network_interface == "eth0"


def test_the_generation_counts_changes_of_the_spec_alone(store: Store) -> None:
    made = store.create(cluster(), 0.0)
    labelled = store.update(with_metadata(made, labels=FrozenMap({"a": "b"})), 1.0)
    reported = store.update_status(replace(labelled, status=ClusterStatus(secret_name="s")))
    assert reported.metadata.generation == 1
    assert store.update(replace(reported, spec=ClusterSpec(node_ip="192.0.2.1")), 2.0).metadata.generation == 2


def test_spec_and_status_are_written_apart(store: Store) -> None:
    made = store.create(cluster(), 0.0)
    both = replace(made, spec=ClusterSpec(node_ip="192.0.2.1"), status=ClusterStatus(secret_name="s"))
    assert store.update(both, 1.0).status is None
    again = store.view.get(Cluster, "p", "w")
    assert again is not None
    other = replace(again, spec=ClusterSpec(), status=ClusterStatus(secret_name="s"))
    reported = store.update_status(other)
    assert reported.status == ClusterStatus(secret_name="s")
    assert reported.spec.node_ip == "192.0.2.1"


def test_an_update_that_changes_nothing_is_no_change(store: Store) -> None:
    made = store.create(cluster(), 0.0)
    assert store.update(made, 9.0) == made
    assert store.update_status(made) == made
    assert store.sequence == 1


def test_finalizers_hold_an_object_until_the_last_is_gone(store: Store) -> None:
    made = store.create(with_metadata(pod("a"), finalizers=("x", "y")), 0.0)
    store.delete(key_of(made), 5.0)
    held = store.view.find("Pod", "app", "a")
    assert held is not None
    assert held.metadata.deletion_timestamp == "2026-01-01T00:00:05Z"
    store.delete(key_of(made), 6.0)
    one = store.update(with_metadata(held, finalizers=("y",)), 7.0)
    assert one.metadata.deletion_timestamp == "2026-01-01T00:00:05Z", "a second delete does not restart the clock"
    with pytest.raises(Refused, match="no finalizer can be added"):
        store.update(with_metadata(one, finalizers=("y", "z")), 8.0)
    store.update(with_metadata(one, finalizers=()), 9.0)
    assert store.view.find("Pod", "app", "a") is None
    assert [change.action for change in store.changes(0)] == ["ADDED", "MODIFIED", "MODIFIED", "DELETED"]


def test_what_is_owned_goes_with_its_last_owner(store: Store) -> None:
    one, two = store.create(pod("one"), 0.0), store.create(pod("two"), 0.0)
    owners = (owned_by(one, "Pod", "v1"), owned_by(two, "Pod", "v1"))
    shared = store.create(built_in("Secret", "app", "shared", owners=owners), 0.0)
    kept = store.create(with_metadata(built_in("Secret", "app", "kept", owners=owners[:1]), finalizers=("x",)), 0.0)
    grandchild = store.create(built_in("Secret", "app", "leaf", owners=(owned_by(shared, "Secret", "v1"),)), 0.0)
    store.delete(key_of(one), 1.0)
    left = store.view.at(key_of(shared))
    assert left is not None
    assert left.metadata.owner_references == owners[1:], "who is gone owns nothing"
    held = store.view.at(key_of(kept))
    assert held is not None
    assert held.metadata.deletion_timestamp is not None
    store.delete(key_of(two), 2.0)
    assert store.view.at(key_of(shared)) is None
    assert store.view.at(key_of(grandchild)) is None


def test_what_is_made_for_an_owner_that_is_gone_goes_at_once(store: Store) -> None:
    owner = store.create(pod("owner"), 0.0)
    store.delete(key_of(owner), 1.0)
    late = store.create(built_in("Secret", "app", "late", owners=(owned_by(owner, "Pod", "v1"),)), 2.0)
    assert store.view.at(key_of(late)) is None


def test_lists_are_in_order_and_by_label(store: Store) -> None:
    for name, label in (("b", "x"), ("a", "y"), ("c", "x")):
        store.create(pod(name, app=label), 0.0)
    store.create(built_in("Pod", "app-2", "d", labels={"app": "x"}), 0.0)
    view = store.view
    assert [item.metadata.name for item in view.objects("Pod")] == ["a", "b", "c", "d"]
    assert [item.metadata.name for item in view.objects("Pod", "app")] == ["a", "b", "c"]
    assert [item.metadata.name for item in view.objects("Pod", labels={"app": "x"})] == ["b", "c", "d"]
    moved = view.find("Pod", "app", "b")
    assert moved is not None
    store.update(with_metadata(moved, labels=FrozenMap({"app": "y", "tier": "web"})), 1.0)
    assert [item.metadata.name for item in view.objects("Pod", "app", {"app": "y", "tier": "web"})] == ["b"]
    assert [item.metadata.name for item in view.objects("Pod", "app", {"app": "x"})] == ["c"]


def test_a_watch_reads_the_log_from_where_it_stands(store: Store) -> None:
    made = store.create(pod("a"), 0.0)
    store.update(with_spec(made, nodeName="n"), 1.0)
    store.delete(key_of(made), 2.0)
    changes = store.changes(1)
    assert [(change.sequence, change.action) for change in changes] == [(2, "MODIFIED"), (3, "DELETED")]
    assert changes[0].previous == made
    assert store.changes(3) == ()
    store.compact(2)
    assert [change.action for change in store.changes(2)] == ["DELETED"]
    with pytest.raises(Expired, match="list again"):
        store.changes(1)


def test_what_is_not_there_cannot_be_changed(store: Store) -> None:
    with pytest.raises(NotFound):
        store.update(pod("a"), 0.0)
    with pytest.raises(NotFound):
        store.delete(ObjectKey("Pod", "app", "a"), 0.0)
