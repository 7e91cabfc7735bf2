"""Where class ids, rates and marks come from."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kubeslice_sim.planner.plan import QosPlan
from kubeslice_sim.planner.qos import ROOT_HANDLE, UNMARKED
from kubeslice_sim.planner.question import Asked, Input, Provenance, Question


def qos_questions(asked: Asked) -> Iterator[Question]:
    """What concerns the slice's traffic class."""
    qos, base = asked.slice.qos, f"{asked.slice.name}/qos"
    if qos is not None:
        yield Question(path=f"{base}/class", answer=partial(_class, asked, qos, leaf=True))
        yield Question(path=f"{base}/parent", answer=partial(_class, asked, qos, leaf=False))
        yield Question(path=f"{base}/ceiling", answer=partial(_rate, asked, "bandwidthCeilingKbps", qos.ceiling_bps))
        yield Question(
            path=f"{base}/guaranteed", answer=partial(_rate, asked, "bandwidthGuaranteedKbps", qos.guaranteed_bps)
        )
        yield Question(path=f"{base}/dscp", answer=partial(_dscp, asked, qos))


def _class(asked: Asked, qos: QosPlan, path: str, *, leaf: bool) -> Provenance:
    shaped = [item.name for item in asked.plan.slices if item.qos is not None]
    number, place = qos.number, shaped.index(asked.slice.name) + 1
    taken = (
        f"{asked.slice.name} is shaped slice number {number}"
        if number == place
        else f"{asked.slice.name} keeps number {number} of those that were free when it came"
    )
    formula = f"11 × {number} + 1 = {11 * number + 1}" if leaf else f"11 × {number} = {11 * number}"
    kind = "leaf" if leaf else "parent"
    refused = "" if qos.shapes else "; tc refuses its rates or priority, so nothing is shaped"
    return Provenance(
        path=path,
        value=qos.leaf if leaf else qos.parent,
        inputs=(Input(name="slices with a network and a QoS profile", value=", ".join(shaped)),),
        formula=f"{taken}, lowest free first; its {kind} class under {ROOT_HANDLE}: is {formula}, "
        f"which tc reads as hexadecimal{refused}",
        source="netops server/netop_handler.go (it numbers the slices of each node for itself)",
    )


def _rate(asked: Asked, field: str, rate_bps: int, path: str) -> Provenance:
    return Provenance(
        path=path,
        value=f"{rate_bps} bit/s",
        inputs=(_profile(asked, field, rate_bps // 1000),),
        formula="kbit/s × 1000",
        source="netops server/netop_handler.go (tc's kbit)",
    )


def _dscp(asked: Asked, qos: QosPlan, path: str) -> Provenance:
    if qos.dscp_class in UNMARKED:
        formula = f"gateways do not know {qos.dscp_class} and mark nothing"
    else:
        formula = (
            f"the code point of {qos.dscp_class} (RFC 2597, RFC 3246); only server to client and only UDP is marked"
        )
    return Provenance(
        path=path,
        value="none" if qos.dscp is None else str(qos.dscp),
        inputs=(_profile(asked, "dscpClass", qos.dscp_class),),
        formula=formula,
        source="gateway-sidecar pkg/sidecar/sidecarpb/slicegateway_handler.go",
    )


def _profile(asked: Asked, field: str, value: object) -> Input:
    name = asked.config.spec.standard_qos_profile_name
    if name:
        return Input(name=f"SliceQoSConfig {name}: spec.{field}", value=str(value))
    return asked.field(f"spec.qosProfileDetails.{field}", value)
