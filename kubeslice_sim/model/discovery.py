"""What is known of a service's endpoints and ports; shared by the export and the imports on the hub."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from kubeslice_sim.model.document import Crd, kube
from kubeslice_sim.model.release import Since


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDiscoveryEndpoint:
    """One pod behind a service; ``nsm_ip`` is its address in the slice."""

    __pydantic_config__: ClassVar[Any] = kube()

    pod_name: str = ""
    cluster: str = ""
    nsm_ip: str = ""
    dns_name: str = ""
    port: Annotated[int, Crd(integer_format="int32")] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDiscoveryPort:
    """One port of a service; ``port`` is the container's."""

    __pydantic_config__: ClassVar[Any] = kube()

    name: str = ""
    port: Annotated[int, Crd(integer_format="int32")] = 0
    protocol: str = ""
    service_port: Annotated[int, Crd(integer_format="int32"), Since("1.3.0")] = 0
    service_protocol: Annotated[str, Since("1.3.0")] = ""
