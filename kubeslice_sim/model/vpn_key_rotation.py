"""VpnKeyRotation: how old a slice's keys are and how far the next rotation is; one per slice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from kubeslice_sim.model.document import ObjectMeta, Resource, kube
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.timestamp import Timestamp

HISTORY_LENGTH = 5
"""So many ended replacements of a gateway are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRotationState:
    """Where one gateway is in a rotation; its time is that of the certificates that it got or is getting."""

    __pydantic_config__: ClassVar[Any] = kube()

    status: str = ""
    last_updated_timestamp: Timestamp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VpnKeyRotationSpec:
    """``rotation_interval`` in days; ``rotation_count`` starts at 1."""

    __pydantic_config__: ClassVar[Any] = kube()

    slice_name: str = ""
    cluster_gateway_mapping: FrozenMap[tuple[str, ...]] = field(default_factory=FrozenMap)
    certificate_creation_time: Timestamp | None = None
    certificate_expiry_time: Timestamp | None = None
    rotation_interval: int = 0
    clusters: tuple[str, ...] = ()
    rotation_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VpnKeyRotationStatus:
    """By gateway; the history is of replacements that ended, the newest first."""

    __pydantic_config__: ClassVar[Any] = kube()

    current_rotation_state: FrozenMap[KeyRotationState] = field(default_factory=FrozenMap)
    status_history: FrozenMap[tuple[KeyRotationState, ...]] = field(default_factory=FrozenMap)


@dataclass(frozen=True, slots=True, kw_only=True)
class VpnKeyRotation:
    """Lives on the controller cluster in the project's namespace, named as the slice."""

    __pydantic_config__: ClassVar[Any] = kube()
    RESOURCE: ClassVar[Resource] = Resource(
        group="controller.kubeslice.io",
        version="v1alpha1",
        kind="VpnKeyRotation",
        plural="vpnkeyrotations",
        singular="vpnkeyrotation",
        since="1.1.0",
    )

    metadata: ObjectMeta
    spec: VpnKeyRotationSpec = field(default_factory=VpnKeyRotationSpec)
    status: VpnKeyRotationStatus = field(default_factory=VpnKeyRotationStatus)
