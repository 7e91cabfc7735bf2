"""Rules for SliceQoSConfigs (kubeslice-controller service/slice_qos_config_webhook_validation.go)."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.admission.namespace import in_project_namespace
from kubeslice_sim.admission.rule import WRITE, Finding, Request, rule

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
        )
