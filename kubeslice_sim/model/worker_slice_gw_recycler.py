"""WorkerSliceGwRecycler: two workers agree through it, step by step, to replace a pair of gateway pods."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from kubeslice_sim.model.document import ObjectMeta, Resource, kube
from kubeslice_sim.model.release import Since


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPair:
    """The two pods of one tunnel."""

    __pydantic_config__: ClassVar[Any] = kube()

    client_id: str = ""
    server_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSliceGwRecyclerSpec:
    """What the server's side asks for; ``state`` and ``request`` are steps of the operators' state machine."""

    __pydantic_config__: ClassVar[Any] = kube()

    slice_gw_server: str = ""
    slice_gw_client: str = ""
    server_redundancy_number: Annotated[int, Since("1.1.0")] = 0
    client_redundancy_number: Annotated[int, Since("1.1.0")] = 0
    gw_pair: GatewayPair = field(default_factory=GatewayPair)
    state: str = ""
    request: str = ""
    slice_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecyclerClient:
    """What the client's side answers."""

    __pydantic_config__: ClassVar[Any] = kube()

    response: str = ""
    recycled_client: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSliceGwRecyclerStatus:
    """How far it is."""

    __pydantic_config__: ClassVar[Any] = kube()

    client: RecyclerClient = field(default_factory=RecyclerClient)
    servers_to_recycle: tuple[str, ...] = ()
    recycled_servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSliceGwRecycler:
    """Named as the server's gateway deployment, in the project's namespace."""

    __pydantic_config__: ClassVar[Any] = kube()
    RESOURCE: ClassVar[Resource] = Resource(
        group="worker.kubeslice.io",
        version="v1alpha1",
        kind="WorkerSliceGwRecycler",
        plural="workerslicegwrecyclers",
        singular="workerslicegwrecycler",
    )

    metadata: ObjectMeta
    spec: WorkerSliceGwRecyclerSpec = field(default_factory=WorkerSliceGwRecyclerSpec)
    status: WorkerSliceGwRecyclerStatus = field(default_factory=WorkerSliceGwRecyclerStatus)
