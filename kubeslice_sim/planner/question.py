"""Question: a value of a plan that can say where it comes from; and what is known while it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.planner.default_slice import default_slices
from kubeslice_sim.planner.members import member_clusters
from kubeslice_sim.planner.plan import Plan, SlicePlan
from kubeslice_sim.planner.ports import range_starts


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """Something that a value was made from: which field or value of the plan, and what it says."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a value comes from. ``formula`` says it in a sentence; ``source`` is the code of KubeSlice that does it.

    ``source`` starts with ``ours:`` where KubeSlice leaves the choice to Kubernetes and we choose reproducibly.
    """

    path: str
    value: str
    inputs: tuple[Input, ...]
    formula: str
    source: str

    def __str__(self) -> str:
        inputs = "".join(f"\n  from {item.name} = {item.value}" for item in self.inputs)
        return f"{self.path} = {self.value}{inputs}\n  how: {self.formula}\n  source: {self.source}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What can be asked: ``answer`` is worked out only when somebody asks."""

    path: str
    answer: Callable[[str], Provenance]


class Asked:
    """One slice of a plan, with what its questions need; worked out once."""

    def __init__(self, plan: Plan, item: SlicePlan) -> None:
        self.plan = plan
        self.slice = item

    @cached_property
    def config(self) -> SliceConfig:
        """The SliceConfig that the slice was made from."""
        return self._configs[self.slice.name]

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """Its clusters in the order of the list."""
        return member_clusters(self.config)

    @cached_property
    def first_port(self) -> int:
        """The first of the slice's own NodePorts."""
        return range_starts(self._configs.values())[self.slice.name]

    @cached_property
    def _configs(self) -> dict[str, SliceConfig]:
        world = self.plan.world
        return {config.metadata.name: config for config in (*world.slices, *default_slices(world))}

    def field(self, path: str, value: object) -> Input:
        """A field of the slice's document as an input."""
        return Input(name=f"SliceConfig {self.slice.name}: {path}", value=str(value))

    def known(self, name: str, value: object) -> Input:
        """A value of the plan, which can be asked in turn, as an input."""
        return Input(name=f"{self.slice.name}/{name}", value=str(value))
