"""Objects by key, kind and label: what an API server holds and what an informer has seen of it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar, cast

from kubeslice_sim.model.document import Document, ObjectKey, ObjectMeta, key_of
from kubeslice_sim.model.kubernetes import KubernetesObject

D = TypeVar("D", bound=Document)
Entry = tuple[str, str, str]
"""A kind with a label and its value, or with two empty texts for all of the kind."""
Asked = tuple[str | None, tuple[tuple[str, str], ...]]
_NONE: tuple[ObjectKey, ...] = ()


class StoreView(Protocol):
    """What a reconciler may see of a store: read only, lists in the order of namespace and name as etcd gives them."""

    def at(self, key: ObjectKey) -> Any | None:
        """Whatever stands under the key, or None."""
        ...

    def get(self, noun: type[D], namespace: str, name: str) -> D | None:
        """KubeSlice's object of that kind and name, or None."""
        ...

    def find(self, kind: str, namespace: str, name: str) -> KubernetesObject | None:
        """Kubernetes' own object of that kind and name, or None."""
        ...

    def list(
        self, noun: type[D], namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> tuple[D, ...]:
        """KubeSlice's objects of a kind (of a namespace, with these labels)."""
        ...

    def objects(
        self, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> tuple[KubernetesObject, ...]:
        """Kubernetes' own objects of a kind (of a namespace, with these labels)."""
        ...

    def dependents(self, uid: str) -> tuple[Any, ...]:
        """The objects that name the object of that uid as an owner."""
        ...

    def named(self, noun: type[D], name: str) -> tuple[D, ...]:
        """KubeSlice's objects of a kind and name, in any namespace."""
        ...


class ObjectTable:
    """A mutable set of immutable objects; implements :class:`StoreView`."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str, str], Any] = {}
        """By :class:`ObjectKey`, which a plain tuple of the same texts finds, and sooner."""
        self._sorted: dict[str, list[ObjectKey]] = {}
        self._labelled: dict[Entry, list[ObjectKey]] = {}
        self._answers: dict[Entry, dict[Asked, tuple[Any, ...]]] = {}
        """What was selected by an entry, until one of its objects changes: reconcilers ask the same again and again."""
        self._owned: dict[str, set[ObjectKey]] = {}
        self._named: dict[tuple[str, str], tuple[ObjectKey, ...]] = {}

    def __len__(self) -> int:
        return len(self._objects)

    def at(self, key: ObjectKey) -> Any | None:
        """Whatever stands under the key, or None."""
        return self._objects.get(key)

    def keys(self, kind: str) -> tuple[ObjectKey, ...]:
        """The keys of a kind, in order."""
        return tuple(self._sorted.get(kind, ()))

    def all_keys(self) -> tuple[ObjectKey, ...]:
        """Every key, kind by kind."""
        return tuple(key for kind in self.kinds() for key in self._sorted[kind])

    def kinds(self) -> tuple[str, ...]:
        """The kinds that have objects, in alphabetical order."""
        return tuple(sorted(kind for kind, keys in self._sorted.items() if keys))

    def inside(self, namespace: str) -> tuple[ObjectKey, ...]:
        """The keys of all that stands in a namespace, kind by kind."""
        return tuple(key for kind in self.kinds() for key in self._sorted[kind] if key.namespace == namespace)

    def holds(self, namespace: str) -> bool:
        """Whether anything stands in a namespace."""
        for kind, keys in self._sorted.items():
            at = bisect_left(keys, (kind, namespace, ""))
            if at < len(keys) and keys[at].namespace == namespace:
                return True
        return False

    def put(self, item: Any, key: ObjectKey | None = None) -> None:
        """Set the object under its key, which somebody may know already."""
        key = key or key_of(item)
        held = self._objects.get(key)
        self._objects[key] = item
        meta = item.metadata
        if held is None:
            insort(self._sorted.setdefault(key.kind, []), key)
            self._name(key)
            self._label(key, meta)
            self._own(key, meta)
            return
        if held.metadata.labels == meta.labels:
            self._outdate(key.kind, meta)
        else:
            self._unlabel(key, held.metadata)
            self._label(key, meta)
        if held.metadata.owner_references != meta.owner_references:
            self._disown(key, held.metadata)
            self._own(key, meta)

    def drop(self, key: ObjectKey) -> None:
        """Take the object away. Raises :exc:`KeyError`."""
        meta = self._objects.pop(key).metadata
        self._unlabel(key, meta)
        self._disown(key, meta)
        self._unname(key)
        keys = self._sorted[key.kind]
        del keys[bisect_left(keys, key)]

    def snapshot(self) -> dict[ObjectKey, Any]:
        """All objects as they are now, by key."""
        return cast(dict[ObjectKey, Any], self._objects.copy())

    def move(self, key: ObjectKey, item: Any) -> None:
        """Put the object where that of this key stands, which it replaces under whatever name it has."""
        if key_of(item) != key:
            self.drop(key)
        self.put(item)

    def clear(self) -> None:
        """Take everything away."""
        for part in (self._objects, self._sorted, self._labelled, self._answers, self._owned, self._named):
            part.clear()

    def dependents(self, uid: str) -> tuple[Any, ...]:
        """See :class:`StoreView`."""
        return tuple(self._objects[key] for key in sorted(self._owned.get(uid, ())))

    def named(self, noun: type[D], name: str) -> tuple[D, ...]:
        """See :class:`StoreView`."""
        return cast("tuple[D, ...]", self.of_name(noun.RESOURCE.kind, name))

    def of_name(self, kind: str, name: str) -> tuple[Any, ...]:
        """Whatever is of that kind and name, in any namespace."""
        return tuple([self._objects[key] for key in self._named.get((kind, name), _NONE)])

    def get(self, noun: type[D], namespace: str, name: str) -> D | None:
        """See :class:`StoreView`."""
        return cast("D | None", self._objects.get((noun.RESOURCE.kind, namespace, name)))

    def find(self, kind: str, namespace: str, name: str) -> KubernetesObject | None:
        """See :class:`StoreView`."""
        return cast("KubernetesObject | None", self._objects.get((kind, namespace, name)))

    def list(
        self, noun: type[D], namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> tuple[D, ...]:
        """See :class:`StoreView`."""
        return cast("tuple[D, ...]", self._select(noun.RESOURCE.kind, namespace, labels))

    def objects(
        self, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> tuple[KubernetesObject, ...]:
        """See :class:`StoreView`."""
        return cast("tuple[KubernetesObject, ...]", self._select(kind, namespace, labels))

    def _select(self, kind: str, namespace: str | None, labels: Mapping[str, str] | None) -> tuple[Any, ...]:
        asked = (namespace, tuple(labels.items()) if labels else ())
        match asked[1]:
            case ():
                entry = (kind, "", "")
            case (label,):
                entry = (kind, *label)
            case several:
                entry = self._narrowest(kind, several)
        answers = self._answers.get(entry)
        if answers is None:
            answers = self._answers[entry] = {}
        found = answers.get(asked)
        if found is None:
            found = answers[asked] = self._look_up(entry, *asked)
        return found

    def _narrowest(self, kind: str, labels: tuple[tuple[str, str], ...]) -> Entry:
        """The entry that has the fewest objects of those that have all that is asked for."""
        found, fewest = (kind, *labels[0]), float("inf")
        for label in labels:
            entry = (kind, *label)
            count = len(self._labelled.get(entry, _NONE))
            if count < fewest:
                found, fewest = entry, count
        return found

    def _look_up(self, entry: Entry, namespace: str | None, labels: tuple[tuple[str, str], ...]) -> tuple[Any, ...]:
        kind = entry[0]
        keys: Sequence[ObjectKey] = self._labelled.get(entry, _NONE) if labels else self._sorted.get(kind, _NONE)
        if namespace is not None and keys and not keys[0].namespace == namespace == keys[-1].namespace:
            start = bisect_left(keys, ObjectKey(kind, namespace, ""))
            end = bisect_left(keys, ObjectKey(kind, namespace + "\0", ""))
            keys = keys[start:end]
        found = tuple(map(self._objects.__getitem__, keys))
        for name, value in labels if len(labels) > 1 else ():
            found = tuple([item for item in found if item.metadata.labels.get(name) == value])
        return found

    def _outdate(self, kind: str, meta: ObjectMeta) -> None:
        """Forget the answers in which an object with these labels may stand."""
        self._answers.pop((kind, "", ""), None)
        for label in meta.labels.items():
            self._answers.pop((kind, *label), None)

    def _label(self, key: ObjectKey, meta: ObjectMeta) -> None:
        self._outdate(key.kind, meta)
        for label in meta.labels.items():
            insort(self._labelled.setdefault((key.kind, *label), []), key)

    def _unlabel(self, key: ObjectKey, meta: ObjectMeta) -> None:
        self._outdate(key.kind, meta)
        for label in meta.labels.items():
            entry = (key.kind, *label)
            keys = self._labelled[entry]
            del keys[bisect_left(keys, key)]
            if not keys:
                del self._labelled[entry]

    def _name(self, key: ObjectKey) -> None:
        entry = (key.kind, key.name)
        others = self._named.get(entry)
        self._named[entry] = (key,) if others is None else tuple(sorted((*others, key)))

    def _unname(self, key: ObjectKey) -> None:
        entry = (key.kind, key.name)
        others = tuple(other for other in self._named.pop(entry) if other != key)
        if others:
            self._named[entry] = others

    def _own(self, key: ObjectKey, meta: ObjectMeta) -> None:
        for reference in meta.owner_references:
            self._owned.setdefault(reference.uid, set()).add(key)

    def _disown(self, key: ObjectKey, meta: ObjectMeta) -> None:
        for reference in meta.owner_references:
            keys = self._owned.get(reference.uid)
            if keys is not None:  # two references to one owner are one entry
                keys.discard(key)
                if not keys:
                    del self._owned[reference.uid]
