"""The builder: a world from calls in Python, judged as one from files is."""

from __future__ import annotations

from kubeslice_sim.build.compose import Composer
from kubeslice_sim.build.ground import Ground
from kubeslice_sim.build.hub import Hub
from kubeslice_sim.build.play import Play
from kubeslice_sim.manifest.assemble import Draft
from kubeslice_sim.manifest.loader import Reading, finish
from kubeslice_sim.model.world import World


class WorldBuilder(Hub, Ground, Play):
    """A world in the making. It never changes: every call gives a new builder, so a cell may be run again.

    Made by :func:`world`; :meth:`build` gives the World.
    """

    __slots__ = ()

    def build(self, *, admit: bool = True) -> World:
        """The world of all calls so far.

        Raises :exc:`~kubeslice_sim.errors.BadInput` with every problem, each at the call and argument that it is
        about: what the loader would say of the same YAML. With ``admit=False``, what the API server and the webhooks
        would refuse passes.
        """
        return self.read(admit=admit).world

    def read(self, *, admit: bool = True) -> Reading:
        """As :meth:`build`, with the warnings."""
        composer = Composer()
        for step in self._steps():
            composer.take(step)
        draft = Draft(problems=composer.problems)
        for document in composer.documents:
            draft.add(document)
        return finish(draft, self._name, admit=admit)

    def __repr__(self) -> str:
        calls = [step.title for step in self._steps()]
        shown = [*calls[:3], "…", calls[-1]] if len(calls) > 4 else calls
        return f"<WorldBuilder {self._name}: {len(calls)} calls: {', '.join(shown)}; .build() makes the World>"


def world(name: str = "world") -> WorldBuilder:
    """Begin a world in Python; ``name`` is what people call it.

    >>> made = world("pair").project("demo").cluster("a").cluster("b").link("a", "b", rtt="20ms")
    >>> made.slice("red", "10.1.0.0/16", gateway="Wireguard", namespaces=["shop"]).build()
    <World pair: 2 clusters, 1 slice, 0 exports, 0 objects, 0 scenarios>
    """
    return WorldBuilder(name)
