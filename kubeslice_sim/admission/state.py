"""State: the objects that stand in an API server while it judges a request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from kubeslice_sim.model.cluster import Cluster, ClusterHealth, ClusterStatus
from kubeslice_sim.model.document import key_of
from kubeslice_sim.model.release import KubeSliceVersion
from kubeslice_sim.model.underlay import Underlay
from kubeslice_sim.model.world import World

INVENTED_NODE_IP = "0.0.0.0"  # noqa: S104 - stands for "the planner will invent one"; nothing listens there


class State(Protocol):
    """What rules may ask. All answers are of the moment of the request."""

    @property
    def version(self) -> KubeSliceVersion:
        """The release whose rules hold."""
        ...

    def find(self, kind: str, namespace: str, name: str) -> Any:
        """The object of that key, None where there is none."""
        ...

    def all(self, kind: str, namespace: str | None = None) -> tuple[Any, ...]:
        """The objects of a kind, in a namespace or in all of them."""
        ...

    def same_name(self, document: Any, across: bool) -> tuple[Any, ...]:
        """The objects of the document's kind and name in its namespace (``across``: in any), itself among them."""
        ...

    def status_of(self, cluster: Cluster) -> ClusterStatus:
        """What the cluster's worker reports."""
        ...


class DocumentState:
    """Some documents as the state; a cluster reports what its document says, and nothing where that says nothing."""

    def __init__(self, documents: Iterable[Any], version: KubeSliceVersion = "1.9") -> None:
        self._version = version
        self._by_key: dict[tuple[str, str, str], Any] = {}
        self._by_kind: dict[tuple[str, str | None], list[Any]] = defaultdict(list)
        self._by_name: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for document in documents:
            key = key_of(document)
            self._by_key.setdefault((key.kind, key.namespace, key.name), document)
            self._by_kind[key.kind, None].append(document)
            self._by_kind[key.kind, key.namespace].append(document)
            self._by_name[key.kind, key.name].append(document)

    @property
    def version(self) -> KubeSliceVersion:
        """The KubeSlice release whose rules hold."""
        return self._version

    def find(self, kind: str, namespace: str, name: str) -> Any:
        """The first document of that key, None where there is none."""
        return self._by_key.get((kind, namespace, name))

    def all(self, kind: str, namespace: str | None = None) -> tuple[Any, ...]:
        """The documents of a kind, in their order."""
        return tuple(self._by_kind.get((kind, namespace), ()))

    def same_name(self, document: Any, across: bool) -> tuple[Any, ...]:
        """The documents of the kind and name, in their order."""
        key = key_of(document)
        found = self._by_name.get((key.kind, key.name), ())
        return tuple(item for item in found if across or item.metadata.namespace == key.namespace)

    def status_of(self, cluster: Cluster) -> ClusterStatus:
        """As the document says."""
        return cluster.status or ClusterStatus()


class WorldState(DocumentState):
    """A world as the state in which each of its own documents is judged."""

    def __init__(self, world: World) -> None:
        super().__init__(world.documents(), world.underlay.spec.kubeslice_version)
        self._underlay = world.underlay
        self._status: dict[str, ClusterStatus] = {}

    def status_of(self, cluster: Cluster) -> ClusterStatus:
        """As the file says, else as a healthy worker on this underlay would report."""
        name = cluster.metadata.name
        if name not in self._status:
            self._status[name] = cluster.status or reported_status(name, self._underlay)
        return self._status[name]


def reported_status(cluster: str, underlay: Underlay) -> ClusterStatus:
    """What a healthy worker reports: registered, its network present, its pod and service networks, node IPs.

    (worker-operator pkg/hub/controllers/cluster.)
    """
    own = underlay.cluster(cluster)
    return ClusterStatus(
        registration_status="Registered",
        network_present=True,
        cni_subnet=(own.pod_cidr, own.service_cidr),
        node_ips=own.node_ips or (INVENTED_NODE_IP,),
        cluster_health=ClusterHealth(cluster_health_status="Normal"),
    )


def names(documents: Iterable[Any]) -> tuple[str, ...]:
    """The documents' names."""
    return tuple(document.metadata.name for document in documents)


def by_name(documents: Iterable[Any]) -> Mapping[str, Any]:
    """The documents by name (the first of each)."""
    found: dict[str, Any] = {}
    for document in documents:
        found.setdefault(document.metadata.name, document)
    return found
