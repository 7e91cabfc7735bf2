"""Namespaces of a slice on one cluster: onboarding and isolation (worker-operator controllers/slice/namespaces.go)."""

from __future__ import annotations

from collections.abc import Iterable

from kubeslice_sim.controlplane.built_in import SLICE_LABEL, built_in
from kubeslice_sim.controlplane.effects import SetNetworkPolicy
from kubeslice_sim.controlplane.reconciler import Create, Delete, Outcome, Update, View, Write
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.worker.allowed_namespaces import NAMESPACE_LABEL, allow, disallow
from kubeslice_sim.model.document import key_of
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.planner import names
from kubeslice_sim.planner.policies import ALWAYS_ALLOWED

INJECT_LABEL = "kubeslice.io/inject"


def application_namespaces(slice_: Slice) -> tuple[str, ...]:
    """The namespaces that the slice takes in on this cluster; the system's own is never one."""
    settings = slice_.status.slice_config
    profile = settings.namespace_isolation_profile if settings else None
    return tuple(name for name in (profile.application_namespaces if profile else ()) if name != names.SYSTEM_NAMESPACE)


def onboard(slice_: Slice, view: View) -> Outcome:
    """Create and label the slice's namespaces, unlabel those that left, and open or close them on the CNI."""
    name = slice_.metadata.name
    wanted = application_namespaces(slice_)
    writes: list[Write] = []
    for namespace in wanted:
        there = view.local.find("Namespace", "", namespace)
        if there is None:
            labels = {"kubernetes.io/metadata.name": namespace, SLICE_LABEL: name, INJECT_LABEL: "true"}
            writes.append(Create(item=built_in("Namespace", "", namespace, labels=labels)))
        elif there.metadata.labels.get(SLICE_LABEL) != name:
            writes.append(Update(item=_labelled(there, {SLICE_LABEL: name, INJECT_LABEL: "true"})))
    gone = [item for item in _held(name, view) if item.metadata.name not in wanted]
    writes.extend(Update(item=_unlabelled(item)) for item in gone)
    policies = _isolate(slice_, wanted, view)
    return Outcome(writes=(*writes, *policies.writes), effects=policies.effects)


def offboard(slice_: Slice, view: View) -> Outcome:
    """Take the slice's labels and policies off every namespace."""
    held = _held(slice_.metadata.name, view)
    policies = _open(slice_.metadata.name, (), view)
    return Outcome(
        writes=(
            *(Update(item=_unlabelled(item)) for item in held),
            *disallow(slice_.metadata.name, view),
            *policies.writes,
        ),
        effects=policies.effects,
    )


def _isolate(slice_: Slice, wanted: tuple[str, ...], view: View) -> Outcome:
    settings = slice_.status.slice_config
    profile = settings.namespace_isolation_profile if settings else None
    closed = profile is not None and profile.isolation_enabled
    isolated = wanted if closed else ()
    name = slice_.metadata.name
    others = tuple(dict.fromkeys((*(profile.allowed_namespaces if profile else ()), *ALWAYS_ALLOWED)))
    writes: list[Write] = list(allow(name, others, view)) if closed else []
    for namespace in isolated:
        policy = _policy(name, namespace, others)
        there = view.local.find("NetworkPolicy", namespace, policy.metadata.name)
        if there is None:
            writes.append(Create(item=policy))
        elif there.spec != policy.spec:
            # The operator undoes whatever others do to its policies.
            writes.append(Update(item=with_metadata(policy, **_identity(there))))
    opened = _open(name, isolated, view)
    return Outcome(
        writes=(*writes, *opened.writes),
        effects=(
            *(
                SetNetworkPolicy(
                    cluster=view.cluster, namespace=namespace, name=names.network_policy(name, namespace),
                    allowed_namespaces=tuple(dict.fromkeys((*wanted, *others))),
                )
                for namespace in isolated
            ),
            *opened.effects,
        ),
    )  # fmt: skip


def _open(slice_: str, still: Iterable[str], view: View) -> Outcome:
    """Take away the slice's policies in all namespaces but these."""
    stale = [
        item
        for item in view.local.objects("NetworkPolicy", labels={SLICE_LABEL: slice_})
        if item.metadata.namespace not in still
    ]
    return Outcome(
        writes=tuple(Delete(key=key_of(item)) for item in stale),
        effects=tuple(
            SetNetworkPolicy(
                cluster=view.cluster, namespace=item.metadata.namespace, name=item.metadata.name,
                allowed_namespaces=None,
            )
            for item in stale
        ),
    )  # fmt: skip


def _policy(slice_: str, namespace: str, others: tuple[str, ...]) -> KubernetesObject:
    peers = [
        {"namespaceSelector": {"matchLabels": {SLICE_LABEL: slice_}}},
        *({"namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: other}}} for other in others),
    ]
    return built_in(
        "NetworkPolicy", namespace, names.network_policy(slice_, namespace), labels={SLICE_LABEL: slice_},
        body={"spec": {
            "podSelector": {}, "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": peers}], "egress": [{"to": peers}],
        }},
    )  # fmt: skip


def _held(slice_: str, view: View) -> tuple[KubernetesObject, ...]:
    return view.local.objects("Namespace", labels={SLICE_LABEL: slice_, INJECT_LABEL: "true"})


def _labelled(item: KubernetesObject, labels: dict[str, str]) -> KubernetesObject:
    return with_metadata(item, labels=item.metadata.labels.with_items(labels))


def _unlabelled(item: KubernetesObject) -> KubernetesObject:
    kept = {key: value for key, value in item.metadata.labels.items() if key not in (SLICE_LABEL, INJECT_LABEL)}
    return with_metadata(item, labels=FrozenMap(kept))


def _identity(item: KubernetesObject) -> dict[str, str]:
    return {"uid": item.metadata.uid, "resource_version": item.metadata.resource_version}
