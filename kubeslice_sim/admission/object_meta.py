"""Rules of Kubernetes on every object's metadata (apimachinery, ValidateObjectMeta and ValidateObjectMetaUpdate)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from kubeslice_sim.admission.rule import ANY_KIND, WRITE, Finding, Request, rule

_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST_NAME, _LONGEST_PREFIX = 63, 253
_MOST_ANNOTATION_BYTES = 256 * 1024
_HINT = "letters, digits, '-', '_' and '.', at most 63, a letter or digit at both ends"
_KEY_HINT = f"{_HINT}; before it a lower-case DNS name and '/', if anything"
_SOURCE = "kube-apiserver, ValidateObjectMeta"


@rule(ANY_KIND, source=_SOURCE, on=WRITE, field="metadata.labels")
def object_labels(request: Request) -> Iterator[Finding]:
    """A label's key is a qualified name, its value a name or nothing."""
    labels, held = request.document.metadata.labels, request.old
    if held is not None and labels == held.metadata.labels:
        return
    for key, value in labels.items():
        if not _is_qualified(key):
            yield Finding(("metadata", "labels"), f'"{key}" is no key for a label', _KEY_HINT)
        if value and not _is_name(value):
            yield Finding(("metadata", "labels"), f'"{value}" is no value for the label {key}', _HINT)


@rule(ANY_KIND, source=_SOURCE, on=WRITE, field="metadata.annotations")
def object_annotations(request: Request) -> Iterator[Finding]:
    """An annotation's key is a qualified name; all together they hold 256 KiB at most."""
    annotations, held = request.document.metadata.annotations, request.old
    if held is not None and annotations == held.metadata.annotations:
        return
    for key in annotations:
        if not _is_qualified(key.lower()):
            yield Finding(("metadata", "annotations"), f'"{key}" is no key for an annotation', _KEY_HINT)
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    if size > _MOST_ANNOTATION_BYTES:
        yield Finding(("metadata", "annotations"), f"they hold {size} bytes; at most {_MOST_ANNOTATION_BYTES} are kept")


@rule(ANY_KIND, source=_SOURCE, on=WRITE, field="metadata.finalizers")
def object_finalizers(request: Request) -> Iterator[Finding]:
    """A finalizer is a qualified name."""
    for place, name in enumerate(request.document.metadata.finalizers):
        if not _is_qualified(name):
            yield Finding(("metadata", "finalizers", place), f'"{name}" is no name for a finalizer', _KEY_HINT)


@lru_cache(maxsize=4096)
def _is_qualified(text: str) -> bool:
    """``name`` or ``dns.prefix/name``."""
    prefix, slash, name = text.rpartition("/")
    if slash and not (_PREFIX.fullmatch(prefix) and len(prefix) <= _LONGEST_PREFIX):
        return False
    return _is_name(name)


@lru_cache(maxsize=4096)
def _is_name(text: str) -> bool:
    return len(text) <= _LONGEST_NAME and _NAME.fullmatch(text) is not None
