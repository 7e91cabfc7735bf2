"""When a slice's keys may be renewed, and when it may go (slice_config_webhook_validation.go).

All of kubeslice-controller service/.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from kubeslice_sim.admission.rule import DELETE, UPDATE, Finding, Request, rule
from kubeslice_sim.admission.slice_members import SOURCE
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.slice_config import SliceConfig

_COMPLETE = "COMPLETE"


@rule("SliceConfig", on=UPDATE, source=SOURCE, field="Field: RenewBefore")
def slice_renewal_due(request: Request) -> Iterator[Finding]:
    """Keys are renewed at once, by a ``renewBefore`` in the past, when no renewal runs (its removal is a panic)."""
    config: SliceConfig = request.document
    before, after = _moment(request.old.spec.renew_before), _moment(config.spec.renew_before)
    if before == after or config.spec.overlay_network_deployment_mode == "no-network":
        return
    path = ("spec", "renewBefore")
    key = ObjectKey("VpnKeyRotation", config.metadata.namespace, config.metadata.name)
    rotation = request.state.find(*key)
    for gateway, state in rotation.status.current_rotation_state.items() if rotation is not None else ():
        if state.status != _COMPLETE:
            message = f"the renewal of {gateway}'s certificates is not complete: it is {state.status or 'not begun'}"
            yield Finding(path, message, "wait until it is", (key,))
    if after is None:
        yield Finding(path, "renewBefore cannot be removed", "leave it, or give another time in the past")
    elif request.now is not None and request.now <= after:
        yield Finding(path, f"{config.spec.renew_before} is not in the past", "renewBefore means: renew now")
    if rotation is None:
        yield Finding(path, f"there is no {key} to renew", "the controller has not made it yet", (key,))


@rule("SliceConfig", on=UPDATE, source=SOURCE)
def slice_rotation_begun(request: Request) -> Iterator[Finding]:
    """The interval of a slice without gateways is not changed: it has no certificates yet, and the webhook panics."""
    config: SliceConfig = request.document
    kept = config.spec.rotation_interval == request.old.spec.rotation_interval
    if kept or config.spec.overlay_network_deployment_mode == "no-network":
        return
    key = ObjectKey("VpnKeyRotation", config.metadata.namespace, config.metadata.name)
    rotation = request.state.find(*key)
    if rotation is None or rotation.spec.certificate_creation_time is not None:
        return
    if not any(rotation.spec.cluster_gateway_mapping.values()):
        message = "rotationInterval cannot be changed while the slice has no certificates"
        yield Finding(("spec", "rotationInterval"), message, "add a second cluster first", (key,))


@rule("SliceConfig", on=DELETE, source=SOURCE)
def slice_namespaces_deboarded(request: Request) -> Iterator[Finding]:
    """A slice is deleted after its application namespaces have left it, in its spec and on its clusters."""
    own = request.document.metadata
    workers = (
        item for item in request.state.all("WorkerSliceConfig", own.namespace)
        if item.metadata.labels.get("original-slice-name") == own.name
    )  # fmt: skip
    for turn, worker in enumerate(workers):
        about = (ObjectKey("WorkerSliceConfig", own.namespace, worker.metadata.name),)
        wanted = worker.spec.namespace_isolation_profile.application_namespaces
        onboarded = [item.name for item in worker.status.onboarded_app_namespaces]
        if wanted:
            message = f"namespaces are still on the slice ({worker.metadata.name}): {', '.join(wanted)}"
            hint = "empty spec.namespaceIsolationProfile.applicationNamespaces first"
            yield Finding((), message, hint, about, turn, "Field: ApplicationNamespaces")
        elif onboarded:
            message = f"namespaces are still being deboarded ({worker.metadata.name}): {', '.join(onboarded)}"
            yield Finding((), message, "try again when they are gone", about, turn, "Field: OnboardedAppNamespaces")


@rule("SliceConfig", on=DELETE, source=SOURCE, field="ServiceExportConfig")
def slice_exports_gone(request: Request) -> Iterator[Finding]:
    """A slice is deleted after its service exports."""
    own = request.document.metadata
    left = [
        item.metadata.name for item in request.state.all("ServiceExportConfig", own.namespace)
        if item.metadata.labels.get("original-slice-name") == own.name
    ]  # fmt: skip
    if left:
        about = tuple(ObjectKey("ServiceExportConfig", own.namespace, name) for name in left)
        hint = "delete its ServiceExports on the workers first"
        yield Finding((), f"services are still exported on the slice: {', '.join(left)}", hint, about)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text.upper())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).replace(microsecond=0)
