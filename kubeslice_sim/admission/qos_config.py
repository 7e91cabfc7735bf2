"""Rules for SliceQoSConfigs (kubeslice-controller service/slice_qos_config_webhook_validation.go)."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.admission.namespace import in_project_namespace
from kubeslice_sim.admission.rule import DELETE, WRITE, Finding, Request, rule
from kubeslice_sim.model.document import ObjectKey

_SOURCE = "kubeslice-controller service/slice_qos_config_webhook_validation.go"

qos_in_project_namespace = in_project_namespace("SliceQoSConfig", _SOURCE)


@rule("SliceQoSConfig", on=WRITE, source=_SOURCE, field="Spec.BandwidthGuaranteedKbps")
def qos_guaranteed_within_ceiling(request: Request) -> Iterator[Finding]:
    """The guaranteed bandwidth is at most the ceiling."""
    spec = request.document.spec
    if spec.bandwidth_guaranteed_kbps > spec.bandwidth_ceiling_kbps:
        yield Finding(
            ("spec", "bandwidthGuaranteedKbps"),
            f"bandwidthGuaranteedKbps cannot be greater than bandwidthCeilingKbps: "
            f"{spec.bandwidth_guaranteed_kbps} > {spec.bandwidth_ceiling_kbps}",
            against=(("spec", "bandwidthCeilingKbps"),),
        )


@rule("SliceQoSConfig", on=DELETE, source=_SOURCE, field="SliceQoSConfig")
def qos_profile_unused(request: Request) -> Iterator[Finding]:
    """A profile is deleted after the last slice has left it."""
    own = request.document.metadata
    slices = dict.fromkeys(
        item.spec.slice_name for item in request.state.all("WorkerSliceConfig", own.namespace)
        if item.metadata.labels.get("standard-qos-profile") == own.name
    )  # fmt: skip
    if slices:
        about = tuple(ObjectKey("SliceConfig", own.namespace, name) for name in slices)
        hint = "give these slices another profile first"
        yield Finding((), f"the profile {own.name} is used by {', '.join(slices)}", hint, about)
