"""Objects by key, kind and label: what an API server holds and what an informer has seen of it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar, cast

from kubeslice_sim.model.document import Document, ObjectKey, key_of
from kubeslice_sim.model.kubernetes import KubernetesObject

D = TypeVar("D", bound=Document)


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


class ObjectTable:
    """A mutable set of immutable objects; implements :class:`StoreView`."""

    def __init__(self) -> None:
        self._objects: dict[ObjectKey, Any] = {}
        self._sorted: dict[str, list[ObjectKey]] = {}
        self._labelled: dict[tuple[str, str, str], set[ObjectKey]] = {}

    def __len__(self) -> int:
        return len(self._objects)

    def at(self, key: ObjectKey) -> Any | None:
        """Whatever stands under the key, or None."""
        return self._objects.get(key)

    def keys(self, kind: str) -> tuple[ObjectKey, ...]:
        """The keys of a kind, in order."""
        return tuple(self._sorted.get(kind, ()))

    def kinds(self) -> tuple[str, ...]:
        """The kinds that have objects, in alphabetical order."""
        return tuple(sorted(kind for kind, keys in self._sorted.items() if keys))

    def inside(self, namespace: str) -> tuple[ObjectKey, ...]:
        """The keys of all that stands in a namespace, kind by kind."""
        return tuple(key for kind in self.kinds() for key in self._sorted[kind] if key.namespace == namespace)

    def put(self, item: Any) -> None:
        """Set the object under its key."""
        key = key_of(item)
        held = self._objects.get(key)
        self._objects[key] = item
        if held is None:
            insort(self._sorted.setdefault(key.kind, []), key)
        elif held.metadata.labels == item.metadata.labels:
            return
        else:
            self._unlabel(key, held)
        for label in item.metadata.labels.items():
            self._labelled.setdefault((key.kind, *label), set()).add(key)

    def drop(self, key: ObjectKey) -> None:
        """Take the object away. Raises :exc:`KeyError`."""
        self._unlabel(key, self._objects.pop(key))
        keys = self._sorted[key.kind]
        del keys[bisect_left(keys, key)]

    def get(self, noun: type[D], namespace: str, name: str) -> D | None:
        """See :class:`StoreView`."""
        return cast(D | None, self._objects.get(ObjectKey(noun.RESOURCE.kind, namespace, name)))

    def find(self, kind: str, namespace: str, name: str) -> KubernetesObject | None:
        """See :class:`StoreView`."""
        return cast(KubernetesObject | None, self._objects.get(ObjectKey(kind, namespace, name)))

    def list(
        self, noun: type[D], namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> tuple[D, ...]:
        """See :class:`StoreView`."""
        return cast(tuple[D, ...], self._select(noun.RESOURCE.kind, namespace, labels))

    def objects(
        self, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> tuple[KubernetesObject, ...]:
        """See :class:`StoreView`."""
        return cast(tuple[KubernetesObject, ...], self._select(kind, namespace, labels))

    def _select(self, kind: str, namespace: str | None, labels: Mapping[str, str] | None) -> tuple[Any, ...]:
        if labels:
            sets = [self._labelled.get((kind, key, value), set()) for key, value in labels.items()]
            keys = sorted(set.intersection(*sets))
            if namespace is not None:
                keys = [key for key in keys if key.namespace == namespace]
        else:
            keys = self._sorted.get(kind, [])
            if namespace is not None:
                start = bisect_left(keys, ObjectKey(kind, namespace, ""))
                end = bisect_left(keys, ObjectKey(kind, namespace + "\0", ""))
                keys = keys[start:end]
        return tuple(self._objects[key] for key in keys)

    def _unlabel(self, key: ObjectKey, item: Any) -> None:
        for label in item.metadata.labels.items():
            keys = self._labelled[(key.kind, *label)]
            keys.discard(key)
            if not keys:
                del self._labelled[(key.kind, *label)]
