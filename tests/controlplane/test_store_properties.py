"""Whatever is asked of a store in whatever order, Kubernetes' promises hold, and who follows it sees what it holds."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from kubeslice_sim.controlplane.built_in import built_in
from kubeslice_sim.controlplane.informer import Informer
from kubeslice_sim.controlplane.refusal import AlreadyExists, Conflict, NotFound, Refused
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.model.document import ObjectKey, OwnerReference, key_of
from kubeslice_sim.model.frozen import freeze
from kubeslice_sim.model.kubernetes import KubernetesObject

NAMES = st.sampled_from([f"o{number}" for number in range(6)])
FINALIZERS = st.sampled_from([(), ("a",), ("a", "b")])
KIND, SPACE = "ConfigMap", "app"


class StoreMachine(RuleBasedStateMachine):
    """Users, owners, finalizers and watches around one store; reads are what somebody remembers of an object."""

    reads = Bundle("reads")

    def __init__(self) -> None:
        super().__init__()
        self.store = Store("c")
        self.now_s = 0.0
        self.steady = Informer(self.store)
        self.labelled = Informer(self.store, wants=lambda item: item.metadata.labels.get("team") == "red")
        self.shaky = Informer(self.store)

    def follow(self) -> None:
        self.now_s += 1.0
        for informer in (self.steady, self.labelled, self.shaky):
            informer.read(self.now_s)
            informer.deliver(self.now_s)

    def at(self, name: str) -> KubernetesObject | None:
        return self.store.view.find(KIND, SPACE, name)

    @rule(target=reads, name=NAMES, owner=NAMES, owned=st.booleans(), blocks=st.booleans(), finalizers=FINALIZERS,
          team=st.sampled_from(["red", "blue"]))  # fmt: skip
    def create(
        self, name: str, owner: str, owned: bool, blocks: bool, finalizers: tuple[str, ...], team: str
    ) -> object:
        there, above = self.at(name), self.at(owner)
        item = built_in(KIND, SPACE, name, labels={"team": team}, body={"data": {}})
        if owned and above is not None:
            reference = OwnerReference(
                api_version="v1", kind=KIND, name=owner, uid=above.metadata.uid, block_owner_deletion=blocks
            )
            item = with_metadata(item, owner_references=(reference,))
        item = with_metadata(item, finalizers=finalizers)
        try:
            made = self.store.create(item, self.now_s)
        except AlreadyExists:
            assert there is not None
            return multiple()
        finally:
            self.follow()
        assert there is None
        return made

    @rule(read=reads, value=st.integers(0, 3))
    def update(self, read: KubernetesObject, value: int) -> None:
        held = self.at(read.metadata.name)
        wanted = replace(read, body=freeze({"data": {"value": value}}))
        try:
            stored = self.store.update(wanted, self.now_s)
        except NotFound:
            assert held is None
        except Conflict:
            assert held is not None
            assert held.metadata.resource_version != read.metadata.resource_version
        except Refused:
            assert held is not None
            assert held.metadata.deletion_timestamp is not None
        else:
            assert held is not None
            assert held.metadata.resource_version == read.metadata.resource_version
            assert stored.metadata.uid == held.metadata.uid
            changed = stored.body != held.body
            assert stored.metadata.generation == held.metadata.generation + changed
            assert (stored.metadata.resource_version != held.metadata.resource_version) == changed
        self.follow()

    @rule(name=NAMES, team=st.sampled_from(["red", "blue"]))
    def change_sides(self, name: str, team: str) -> None:
        held = self.at(name)
        if held is not None:
            labels = held.metadata.labels.with_items(team=team)
            self.store.update(with_metadata(held, labels=labels), self.now_s)
        self.follow()

    @rule(target=reads, name=NAMES)
    def read(self, name: str) -> object:
        held = self.at(name)
        return multiple() if held is None else held

    @rule(name=NAMES, owner=NAMES, blocks=st.booleans(), uid=st.sampled_from(["", "nobody"]))
    def change_hands(self, name: str, owner: str, blocks: bool, uid: str) -> None:
        held, above = self.at(name), self.at(owner)
        if held is not None and (above is not None or uid):
            reference = OwnerReference(
                api_version="v1", kind=KIND, name=owner, uid=uid or getattr(above, "metadata", held.metadata).uid,
                block_owner_deletion=blocks,
            )  # fmt: skip
            owners = (*(item for item in held.metadata.owner_references if item.uid != reference.uid), reference)
            self.store.update(with_metadata(held, owner_references=owners), self.now_s)
        self.follow()

    @rule(name=NAMES, propagation=st.sampled_from(["Background", "Foreground", "Orphan", None]))
    def delete(self, name: str, propagation: str | None) -> None:
        held = self.at(name)
        try:
            self.store.delete(ObjectKey(KIND, SPACE, name), self.now_s, propagation=propagation)  # type: ignore[arg-type]
        except NotFound:
            assert held is None
        else:
            left = self.at(name)
            assert left is None or left.metadata.deletion_timestamp is not None
        self.follow()

    @rule(read=consumes(reads))
    def delete_exactly(self, read: KubernetesObject) -> None:
        held = self.at(read.metadata.name)
        if held is not None and held.metadata.uid != read.metadata.uid:
            before = self.store.sequence
            try:
                self.store.delete(key_of(read), self.now_s, uid=read.metadata.uid)
            except Conflict:
                assert self.store.sequence == before
            else:
                raise AssertionError("another object was deleted")

    @rule(name=NAMES)
    def let_go(self, name: str) -> None:
        held = self.at(name)
        if held is not None:
            own = tuple(item for item in held.metadata.finalizers if item not in ("a", "b"))
            self.store.update(with_metadata(held, finalizers=own), self.now_s)
        self.follow()

    @rule()
    def break_and_mend(self) -> None:
        self.shaky.disconnect()

    @rule(compacted=st.booleans())
    def connect(self, compacted: bool) -> None:
        if compacted:
            self.store.compact(self.store.sequence)
        if not self.shaky.connected:
            self.shaky.connect(self.now_s)
        self.follow()

    @invariant()
    def a_watch_shows_what_is_held(self) -> None:
        held = {key: self.store.view.at(key) for key in self.store.view.all_keys()}
        assert {key: self.steady.view.at(key) for key in self.steady.view.all_keys()} == held
        red = {key: item for key, item in held.items() if item.metadata.labels.get("team") == "red"}
        assert {key: self.labelled.view.at(key) for key in self.labelled.view.all_keys()} == red
        if self.shaky.connected:
            assert {key: self.shaky.view.at(key) for key in self.shaky.view.all_keys()} == held

    @invariant()
    def nothing_outlives_its_owners_or_its_last_finalizer(self) -> None:
        for key in self.store.view.all_keys():
            meta = self.store.view.at(key).metadata
            assert meta.deletion_timestamp is None or meta.finalizers, f"{key} is deleted and still there"
            owners = [owner.uid for owner in meta.owner_references]
            assert meta.deletion_timestamp is not None or all(map(self.store.lives, owners))

    @invariant()
    def an_owner_waits_for_no_one_who_is_gone(self) -> None:
        for key in self.store.view.all_keys():
            held = self.store.view.at(key)
            if held.metadata.deletion_timestamp is None or "foregroundDeletion" not in held.metadata.finalizers:
                continue
            assert any(
                owner.uid == held.metadata.uid and owner.block_owner_deletion
                for item in self.store.view.dependents(held.metadata.uid) for owner in item.metadata.owner_references
            )  # fmt: skip

    @invariant()
    def labels_and_owners_find_what_has_them(self) -> None:
        view = self.store.view
        for team in ("red", "blue"):
            found = view.objects(KIND, SPACE, {"team": team})
            assert found == tuple(item for item in view.objects(KIND) if item.metadata.labels["team"] == team)


TestStore = StoreMachine.TestCase
TestStore.settings = settings(max_examples=60, stateful_step_count=40)
