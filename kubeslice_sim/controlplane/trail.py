"""Trail: milestones as they are passed, each with those that it waited for, found by what they are about."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace

from kubeslice_sim.observe.history import Milestone

Part = tuple[Hashable, ...]
"""What a milestone is about: ``("router", slice, cluster)``, say."""


class Trail:
    """Grows in order of time; ``newest`` has the place of each part's newest milestone."""

    def __init__(self) -> None:
        self.milestones: list[Milestone] = []
        self.newest: dict[Part, int] = {}
        self.now_s = 0.0

    def mark(
        self, part: Part, stage: str, slice_: str, cluster: str, subject: str, waits_for: Iterable[Part]
    ) -> None:  # fmt: skip
        """Something came to pass now that had waited for the newest of these, as far as they were."""
        self.newest[part] = self._add(stage, slice_, cluster, subject, waits_for)

    def reach(self, stage: str, slice_: str, cluster: str, subject: str, waits_for: Iterable[Part]) -> int:
        """A goal: the whole of ``subject`` came to pass. Returns its place."""
        place = self._add(stage, slice_, cluster, subject, waits_for)
        self.milestones[place] = replace(self.milestones[place], goal=True)
        return place

    def _add(self, stage: str, slice_: str, cluster: str, subject: str, waits_for: Iterable[Part]) -> int:
        after = tuple(sorted({self.newest[before] for before in waits_for if before in self.newest}))
        self.milestones.append(Milestone(
            at_s=self.now_s, stage=stage, slice=slice_, cluster=cluster, subject=subject, after=after
        ))  # fmt: skip
        return len(self.milestones) - 1
