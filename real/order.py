"""The order in which a world's objects are applied (and, reversed, destroyed), and the kinds that may be."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from kubeslice_sim.errors import BadInput
from real.placement import Placement

CONTROLLER_GROUP = "controller.kubeslice.io/v1alpha1"
STAGES: tuple[tuple[tuple[str, str], ...], ...] = (
    (("v1", "Namespace"),),
    ((CONTROLLER_GROUP, "Project"),),  # the KubeSlice controller makes the project's namespace from it
    ((CONTROLLER_GROUP, "SliceQoSConfig"), (CONTROLLER_GROUP, "Cluster")),
    ((CONTROLLER_GROUP, "SliceConfig"),),  # its webhook wants the clusters registered and the profile there
    (("v1", "ServiceAccount"), ("v1", "Secret"), ("v1", "ConfigMap"), ("rbac.authorization.k8s.io/v1", "Role")),
    (("rbac.authorization.k8s.io/v1", "RoleBinding"), ("networking.k8s.io/v1", "NetworkPolicy"), ("v1", "Service")),
    # Pods made once their namespace is on the slice get the slice's interface; earlier ones would have to restart.
    (("v1", "Pod"), ("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("batch/v1", "Job")),
    (("networking.kubeslice.io/v1beta1", "ServiceExport"),),
)
"""(apiVersion, kind) by stage: a stage is applied when all before it are."""

_STAGE_OF = {kind: stage for stage, kinds in enumerate(STAGES) for kind in kinds}
NAMESPACE_STAGE = 0
PROJECT_STAGE = 1


def stage_of(placement: Placement) -> int:
    """The index into STAGES. Raises KeyError for a kind that is never deployed."""
    return _STAGE_OF[placement.api_version, placement.kind]


def in_stages(placements: Iterable[Placement]) -> tuple[tuple[Placement, ...], ...]:
    """The placements in order, one tuple per stage that has any; within a stage the given order is kept.

    Raises BadInput naming every object of a kind that this back end does not deploy.
    """
    given = tuple(placements)
    foreign = [item for item in given if (item.api_version, item.kind) not in _STAGE_OF]
    if foreign:
        raise BadInput("\n".join(f"{item}: {item.api_version} {item.kind} is not a kind that ksim deploys"
                                 for item in foreign))  # fmt: skip
    ordered = sorted(given, key=stage_of)
    return tuple(tuple(stage) for _, stage in groupby(ordered, key=stage_of))
