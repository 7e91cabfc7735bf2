"""Owners that never were, second thoughts about a deletion, and namespaces that go: as Kubernetes 1.34 does it.

What a second deletion makes of finalizers, and the answers about namespaces, were asked of a real kube-apiserver.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubeslice_sim.controlplane.built_in import built_in, owned_by
from kubeslice_sim.controlplane.refusal import AlreadyExists, Kept, Terminating, TooLarge
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.store import Propagation, Store
from kubeslice_sim.model.document import ObjectKey, OwnerReference, key_of
from kubeslice_sim.model.kubernetes import KubernetesObject


@pytest.fixture
def store() -> Store:
    return Store("c")


def thing(name: str, *owners: OwnerReference, finalizers: tuple[str, ...] = ()) -> KubernetesObject:
    return with_metadata(built_in("ConfigMap", "app", name, owners=owners), finalizers=finalizers)


def of(owner: KubernetesObject, *, blocks: bool = True) -> OwnerReference:
    return replace(owned_by(owner, owner.kind, "v1"), block_owner_deletion=blocks)


def here(store: Store) -> set[str]:
    return {item.metadata.name for item in store.view.objects("ConfigMap")}


@pytest.mark.parametrize(
    "change", [{"uid": "another"}, {"name": "nobody"}, {"kind": "Secret"}, {"name": "nobody", "uid": "another"}]
)
def test_an_owner_that_is_not_there_takes_a_new_object_along(store: Store, change: dict[str, str]) -> None:
    owner = store.create(thing("owner"), 0.0)
    store.create(thing("late", replace(of(owner), **change)), 1.0)
    assert here(store) == {"owner"}
    store.create(thing("kept", of(owner), replace(of(owner), **change)), 2.0)
    assert here(store) == {"owner", "kept"}


def test_who_is_given_to_nobody_goes(store: Store) -> None:
    owner, item = store.create(thing("owner"), 0.0), store.create(thing("item"), 0.0)
    store.update(with_metadata(item, owner_references=(replace(of(owner), uid="another"),)), 1.0)
    assert here(store) == {"owner"}


def test_without_a_controller_manager_owners_are_not_looked_for() -> None:
    store = Store("c", tidies=False)
    store.create(thing("late", OwnerReference(api_version="v1", kind="ConfigMap", name="x", uid="y")), 0.0)
    assert here(store) == {"late"}


def test_an_owner_does_not_wait_for_who_was_given_away(store: Store) -> None:
    owner, other = store.create(thing("owner"), 0.0), store.create(thing("other"), 0.0)
    item = store.create(thing("item", of(owner), finalizers=("x",)), 0.0)
    store.delete(key_of(owner), 1.0, propagation="Foreground")
    held = store.view.at(key_of(item))
    assert held is not None
    store.update(with_metadata(held, owner_references=(of(other),)), 2.0)
    assert here(store) == {"other", "item"}


def test_a_second_owner_saves_from_the_first_ones_deletion(store: Store) -> None:
    owner, other = store.create(thing("owner"), 0.0), store.create(thing("other"), 0.0)
    item = store.create(thing("item", of(owner), of(other)), 0.0)
    store.delete(key_of(owner), 1.0, propagation="Foreground")
    held = store.view.at(key_of(item))
    assert held is not None
    assert held.metadata.owner_references == (of(other),)
    assert here(store) == {"other", "item"}


def test_owners_in_a_circle_go_all_the_same(store: Store) -> None:
    one = store.create(thing("one"), 0.0)
    two = store.create(thing("two", of(one)), 0.0)
    store.update(with_metadata(one, owner_references=(of(two),)), 1.0)
    store.delete(key_of(one), 2.0, propagation="Foreground")
    assert here(store) == set()


SECOND_THOUGHTS: tuple[tuple[Propagation | None, Propagation | None, tuple[str, ...]], ...] = (
    (None, None, ()), (None, "Foreground", ("foregroundDeletion",)), ("Background", "Orphan", ("orphan",)),
    ("Foreground", None, ("foregroundDeletion",)), ("Foreground", "Background", ()),
    ("Foreground", "Orphan", ("orphan",)), ("Orphan", None, ("orphan",)), ("Orphan", "Background", ()),
    ("Orphan", "Foreground", ("foregroundDeletion",)), ("Orphan", "Orphan", ("orphan",)),
)  # fmt: skip


@pytest.mark.parametrize(("first", "second", "left"), SECOND_THOUGHTS)
@pytest.mark.parametrize("own", [(), ("example.com/x",)])
def test_a_second_deletion_says_anew_what_becomes_of_dependents(
    first: Propagation | None, second: Propagation | None, left: tuple[str, ...], own: tuple[str, ...]
) -> None:
    store = Store("c", tidies=False)  # so that what the garbage collector would take away is seen
    key = key_of(store.create(thing("a", finalizers=own), 0.0))
    store.delete(key, 1.0, propagation=first)
    if store.view.at(key) is not None:
        store.delete(key, 2.0, propagation=second)
    held = store.view.at(key)
    gone_at_first = not own and first in (None, "Background")
    if gone_at_first or not (own or left):
        assert held is None
    else:
        assert held is not None
        assert held.metadata.finalizers == (*own, *left)
        assert held.metadata.deletion_timestamp == "2026-01-01T00:00:01Z"
        assert held.metadata.generation == 2


def test_a_later_foreground_deletion_takes_the_dependents_first(store: Store) -> None:
    owner = store.create(thing("owner", finalizers=("x",)), 0.0)
    store.create(thing("item", of(owner)), 0.0)
    store.delete(key_of(owner), 1.0)
    assert here(store) == {"owner", "item"}, "the owner is still there"
    store.delete(key_of(owner), 2.0, propagation="Foreground")
    assert here(store) == {"owner"}


def test_a_later_orphaning_lets_dependents_live(store: Store) -> None:
    owner = store.create(thing("owner", finalizers=("x",)), 0.0)
    store.create(thing("item", of(owner)), 0.0)
    store.delete(key_of(owner), 1.0)
    store.delete(key_of(owner), 2.0, propagation="Orphan")
    held = store.view.at(key_of(owner))
    assert held is not None
    store.update(with_metadata(held, finalizers=()), 3.0)
    assert here(store) == {"item"}


def test_a_namespace_stays_until_its_last_finalizer_is_gone(store: Store) -> None:
    space = store.create(built_in("Namespace", "", "app"), 0.0)
    store.create(thing("plain"), 0.0)
    held = store.create(thing("held", finalizers=("x",)), 0.0)
    store.delete(key_of(space), 1.0)
    left = store.view.at(key_of(space))
    assert left is not None
    assert left.metadata.deletion_timestamp == "2026-01-01T00:00:01Z"
    assert here(store) == {"held"}
    with pytest.raises(Terminating, match="ConfigMap app/late: the namespace app is being terminated"):
        store.create(thing("late"), 2.0)
    with pytest.raises(AlreadyExists, match="is being deleted"):
        store.create(built_in("Namespace", "", "app"), 2.0)
    item = store.view.at(key_of(held))
    assert item is not None
    store.update(with_metadata(item, finalizers=()), 3.0)
    assert store.view.at(key_of(space)) is None
    store.create(built_in("Namespace", "", "app"), 4.0)
    store.create(thing("late"), 4.0)
    assert here(store) == {"late"}


def test_an_empty_namespace_goes_at_once_and_its_own_finalizer_keeps_it(store: Store) -> None:
    empty, own = (store.create(built_in("Namespace", "", name), 0.0) for name in ("empty", "own"))
    own = store.update(with_metadata(own, finalizers=("x",)), 0.0)
    for item in (empty, own):
        store.delete(key_of(item), 1.0)
    assert store.view.at(key_of(empty)) is None
    held = store.view.at(key_of(own))
    assert held is not None
    store.update(with_metadata(held, finalizers=()), 2.0)
    assert store.view.at(key_of(own)) is None


def test_without_a_controller_manager_a_deleted_namespace_stays_and_takes_nothing_in() -> None:
    store = Store("c", tidies=False)
    space = store.create(built_in("Namespace", "", "app"), 0.0)
    store.create(thing("a"), 0.0)
    store.delete(key_of(space), 1.0)
    store.delete(ObjectKey("ConfigMap", "app", "a"), 2.0)
    assert store.view.at(key_of(space)) is not None
    with pytest.raises(Terminating):
        store.create(thing("b"), 3.0)


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_some_namespaces_may_not_be_deleted(store: Store, name: str) -> None:
    space = store.create(built_in("Namespace", "", name), 0.0)
    with pytest.raises(Kept, match="may not be deleted"):
        store.delete(key_of(space), 1.0)
    assert store.view.at(key_of(space)) == space


def test_a_watch_from_the_future_is_refused(store: Store) -> None:
    store.create(thing("a"), 0.0)
    with pytest.raises(TooLarge, match="Too large resource version: 7, current: 1") as refused:
        store.changes(7)
    assert refused.value.code == 504
    assert store.changes(1) == ()
