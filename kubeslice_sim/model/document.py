"""What every document shares: group, version, kind, metadata, and how its fields are written in YAML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, TypeVar, runtime_checkable

from kubeslice_sim.model.frozen import FrozenMap

T = TypeVar("T")

CLUSTERS_ANNOTATION = "kubeslice-sim.io/clusters"
EMULATE_ANNOTATION = "kubeslice-sim.io/emulate"


class ObjectKey(NamedTuple):
    """Names one object of a store: its kind, namespace and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterColumn:
    """One additional column of ``kubectl get``. ``since``: the KubeSlice release that brought it."""

    name: str
    type: str
    json_path: str
    since: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A kind as the API server knows it. ``since``: the KubeSlice release that brought it, empty: always there."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    short_names: tuple[str, ...] = ()
    scope: Literal["Namespaced", "Cluster"] = "Namespaced"
    printer_columns: tuple[PrinterColumn, ...] = ()
    since: str = ""

    @property
    def api_version(self) -> str:
        """``group/version``, or the version alone in the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, slots=True, kw_only=True)
class Crd:
    """What a CRD says of a field beyond its Python type and default; stands in ``Annotated[...]``.

    ``required``: the schema lists the field as required (whether or not it has a default).
    ``default``: the schema's default where the Python default is Go's zero value and so does not show it.
    ``integer_format``: ``int32`` or ``int64`` where the schema has one. ``enum``: False where the schema takes any
    text and only the code knows the values. ``extra``: schema keywords that no Python type shows.
    """

    required: bool = False
    default: Any = None
    integer_format: str = ""
    enum: bool = True
    extra: tuple[tuple[str, Any], ...] = ()


def json_name(name: str) -> str:
    """``bandwidth_ceiling_kbps`` → ``bandwidthCeilingKbps``."""
    head, *rest = name.rstrip("_").split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def kube(**exceptions: str) -> dict[str, Any]:
    """The ``__pydantic_config__`` of a noun: camelCase names, no unknown fields.

    ``exceptions`` maps a Python field name to a JSON name that camelCase does not give (``node_ips="nodeIPs"``).
    """
    return {
        "alias_generator": lambda name: exceptions.get(name) or json_name(name),
        "extra": "forbid",
        "populate_by_name": True,
        "strict": False,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty:
    """A spec or a status that has no fields."""

    __pydantic_config__: ClassVar[Any] = kube()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerReference:
    """The object that this one lives and dies with."""

    __pydantic_config__: ClassVar[Any] = kube()

    api_version: str
    kind: str
    name: str
    uid: str = ""
    controller: bool = False
    block_owner_deletion: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectMeta:
    """Kubernetes' metadata, as far as KubeSlice and an API server use it. Times are RFC 3339 text."""

    __pydantic_config__: ClassVar[Any] = kube()

    name: str
    namespace: str = ""
    labels: FrozenMap[str] = field(default_factory=FrozenMap)
    annotations: FrozenMap[str] = field(default_factory=FrozenMap)
    finalizers: tuple[str, ...] = ()
    owner_references: tuple[OwnerReference, ...] = ()
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None


@runtime_checkable
class Document(Protocol):
    """Any noun that stands in a file or in an API server."""

    RESOURCE: ClassVar[Resource]

    @property
    def metadata(self) -> ObjectMeta:
        """Its name and all that goes with it."""
        ...


def key_of(document: Any) -> ObjectKey:
    """The key of any document (a Kubernetes object names its own kind, the others their class's)."""
    kind = getattr(document, "kind", None) or document.RESOURCE.kind
    return ObjectKey(kind, document.metadata.namespace, document.metadata.name)


def placement(metadata: ObjectMeta) -> tuple[str, ...]:
    """The worker clusters that a document is meant for: names, or ``("*",)`` for all (also when it says nothing)."""
    text = metadata.annotations.get(CLUSTERS_ANNOTATION, "*")
    return tuple(part.strip() for part in text.split(",") if part.strip())
