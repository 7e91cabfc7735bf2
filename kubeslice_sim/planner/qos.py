"""QoS: a slice's traffic class on every gateway node, and the code point that its packets really get."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kubeslice_sim.model.slice_config import DscpClass, QosProfile, SliceConfig
from kubeslice_sim.model.slice_qos_config import SliceQosConfig
from kubeslice_sim.planner.history import History
from kubeslice_sim.planner.members import has_network
from kubeslice_sim.planner.plan import QosPlan

DSCP: Mapping[DscpClass, int] = {
    "Default": 0, "AF11": 10, "AF12": 12, "AF13": 14, "AF21": 18, "AF22": 20, "AF23": 22, "AF31": 26, "AF32": 28,
    "AF33": 30, "AF41": 34, "AF42": 36, "AF43": 38, "EF": 46,
}  # fmt: skip
"""RFC 2597 (AF), RFC 3246 (EF), RFC 2474 (default)."""
UNMARKED: frozenset[DscpClass] = frozenset({"AF13", "Default"})
"""Classes that gateway-sidecar's handler does not know: it marks nothing."""
ROOT_HANDLE = 17
"""netops' root qdisc (server/netop_handler.go)."""
MAX_SLICES = 100
DEFAULT_PROFILE = QosProfile(
    queue_type="HTB", priority=0, tc_type="BANDWIDTH_CONTROL", bandwidth_ceiling_kbps=10_000_000,
    bandwidth_guaranteed_kbps=1_000_000, dscp_class="AF11",
)  # fmt: skip
"""The SliceQoSConfig ``default`` that every project gets (kubeslice-controller service/project_service.go)."""


def profile_of(config: SliceConfig, profiles: Iterable[SliceQosConfig]) -> QosProfile | None:
    """The slice's QoS profile, a named one resolved in its project; None where it asks for none."""
    name = config.spec.standard_qos_profile_name
    if not name:
        return config.spec.qos_profile_details
    for item in profiles:
        if item.metadata.name == name and item.metadata.namespace == config.metadata.namespace:
            spec = item.spec
            return QosProfile(
                queue_type=spec.queue_type,
                priority=spec.priority,
                tc_type=spec.tc_type,
                bandwidth_ceiling_kbps=spec.bandwidth_ceiling_kbps,
                bandwidth_guaranteed_kbps=spec.bandwidth_guaranteed_kbps,
                dscp_class=spec.dscp_class,
            )
    return DEFAULT_PROFILE if name == "default" else None


def lacks_profile(config: SliceConfig, profile: QosProfile | None) -> bool:
    """Whether the slice names a profile that its project does not have, which only ``no-network`` slices may.

    ``profile``: what :func:`profile_of` found. KubeSlice then leaves its WorkerSliceConfigs as they are, new ones empty
    but for their names (kubeslice-controller service/worker_slice_config_service.go).
    """
    return profile is None and bool(config.spec.standard_qos_profile_name)


def class_ids(number: int) -> tuple[str, str]:
    """The HTB parent and leaf class of netops' slice ``number`` (from 1): ``17:<11k>`` and ``17:<11k+1>``.

    netops writes decimal numbers that tc reads as hexadecimal (netops server/netop_handler.go).
    """
    return f"{ROOT_HANDLE}:{11 * number}", f"{ROOT_HANDLE}:{11 * number + 1}"


def dscp_mark(dscp_class: DscpClass) -> int | None:
    """The code point that a gateway marks packets with; None where it marks none."""
    return None if dscp_class in UNMARKED else DSCP[dscp_class]


def classify_slices(
    configs: Iterable[SliceConfig], profiles: Iterable[SliceQosConfig], history: History
) -> dict[str, QosPlan]:
    """The traffic class of every slice that has a network and a profile, by slice name.

    Numbers go to slices in their order, lowest free first; a slice keeps its number. netops numbers the slices of each
    gateway node for itself: on a node with fewer slices the real numbers are lower.
    """
    profiles = tuple(profiles)
    wanted = {
        config.metadata.name: profile
        for config in configs
        if has_network(config) and (profile := profile_of(config, profiles)) is not None
    }
    kept = {name: number for name in wanted if (number := history.slice(name).qos_number) is not None}
    taken, number, classes = set(kept.values()), 0, {}
    for name, profile in wanted.items():
        if name not in kept:
            number += 1
            while number in taken:
                number += 1
        classes[name] = classify(name, profile, kept.get(name, number))
    return classes


def classify(name: str, profile: QosProfile, number: int) -> QosPlan:
    """The traffic class of one slice, netops' slice ``number`` (from 1)."""
    parent, leaf = class_ids(number)
    return QosPlan(
        slice=name,
        ceiling_bps=profile.bandwidth_ceiling_kbps * 1000,
        guaranteed_bps=profile.bandwidth_guaranteed_kbps * 1000,
        priority=profile.priority,
        dscp_class=profile.dscp_class,
        dscp=dscp_mark(profile.dscp_class),
        parent=parent,
        leaf=leaf,
    )
