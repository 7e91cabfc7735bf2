"""Project: a tenant of the controller; its objects live in the namespace ``kubeslice-<project>``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from kubeslice_sim.model.document import Empty, ObjectMeta, Resource, kube
from kubeslice_sim.model.release import Since

CONTROLLER_NAMESPACE = "kubeslice-controller"
PROJECT_NAMESPACE_PREFIX = "kubeslice-"
"""helm's default (kubeslice charts, values ``projectnsPrefix``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectServiceAccounts:
    """Users of the project."""

    __pydantic_config__: ClassVar[Any] = kube()

    read_only: tuple[str, ...] = ()
    read_write: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSpec:
    """The project's users, and whether it has a default slice."""

    __pydantic_config__: ClassVar[Any] = kube()

    service_account: ProjectServiceAccounts = field(default_factory=ProjectServiceAccounts)
    default_slice_creation: Annotated[bool, Since("1.4.0")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Lives in the controller's own namespace."""

    __pydantic_config__: ClassVar[Any] = kube()
    RESOURCE: ClassVar[Resource] = Resource(
        group="controller.kubeslice.io", version="v1alpha1", kind="Project", plural="projects", singular="project"
    )

    metadata: ObjectMeta
    spec: ProjectSpec = field(default_factory=ProjectSpec)
    status: Empty = field(default_factory=Empty)

    @property
    def project_namespace(self) -> str:
        """Where this project's clusters and slices live."""
        return PROJECT_NAMESPACE_PREFIX + self.metadata.name
