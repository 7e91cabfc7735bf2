"""Allowed namespaces: those beside a slice's own that its isolation lets through, marked so that policies select them.

As worker-operator controllers/slice/namespaces.go does (reconcileAllowedNamespaces): a label with the namespace's own
name, and an annotation that lists the slices. It labels at one look and lists the slice at the next; here both are one
write. A namespace that does not exist is passed over. Marks outlast isolation and stay until the slice goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kubeslice_sim.controlplane.reconciler import Update, View, Write
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.kubernetes import KubernetesObject

NAMESPACE_LABEL = "kubeslice.io/namespace"
SLICES_ANNOTATION = "kubeslice.io/trafficAllowedToSlices"


def allow(slice_: str, namespaces: Iterable[str], view: View) -> Iterator[Write]:
    """Mark these namespaces for the slice and take its marks off all others."""
    wanted = frozenset(namespaces)
    for item in view.local.objects("Namespace"):
        if item.metadata.name in wanted:
            yield from _changed(item, (*_slices(item), slice_))
        else:
            yield from _unmarked(item, slice_)


def disallow(slice_: str, view: View) -> Iterator[Write]:
    """Take the slice's marks off every namespace."""
    for item in view.local.objects("Namespace"):
        yield from _unmarked(item, slice_)


def marked_for(slice_: str, view: View) -> tuple[str, ...]:
    """The names of the namespaces that are marked for the slice."""
    return tuple(item.metadata.name for item in view.local.objects("Namespace") if slice_ in _slices(item))


def _unmarked(item: KubernetesObject, slice_: str) -> Iterator[Write]:
    if slice_ in _slices(item):
        yield from _changed(item, tuple(name for name in _slices(item) if name != slice_))


def _changed(item: KubernetesObject, slices: tuple[str, ...]) -> Iterator[Write]:
    """The namespace as it is marked for these slices, if that is not how it stands."""
    meta = item.metadata
    labels = {key: value for key, value in meta.labels.items() if key != NAMESPACE_LABEL}
    annotations = {key: value for key, value in meta.annotations.items() if key != SLICES_ANNOTATION}
    if slices:
        labels[NAMESPACE_LABEL] = meta.name
        annotations[SLICES_ANNOTATION] = ",".join(dict.fromkeys(slices))
    if labels != meta.labels or annotations != meta.annotations:
        yield Update(item=with_metadata(item, labels=FrozenMap(labels), annotations=FrozenMap(annotations)))


def _slices(item: KubernetesObject) -> tuple[str, ...]:
    listed = item.metadata.annotations.get(SLICES_ANNOTATION, "")
    return tuple(name for name in listed.split(",") if name)
