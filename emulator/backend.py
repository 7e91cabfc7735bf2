"""Emulator: the back end that plays a scenario with real programs over real tunnels, in a sandbox, in real time."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Any

from emulator.kernel import survey
from emulator.sandbox import Sandbox
from kubeslice_sim import manifest
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.history import history_of
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.run import Capability, Event, Progress, Run
from kubeslice_sim.planner.deployable import not_deployable

ENTRY = "emulator.replay:main"


class Emulator:
    """Implements :class:`kubeslice_sim.observe.run.Backend`. Needs Linux, but no root; leaves nothing behind."""

    name = "emulator"

    def unavailable(self) -> str:
        """Why there can be no sandbox here, or the empty string."""
        if sys.platform != "linux":
            return "needs Linux (namespaces); run it in a Linux machine or container, or use the simulator"
        missing = [item for item in survey() if item.required and not item.present]
        return "; ".join(f"{item.name} is missing: {item.remark}" for item in missing)

    def capabilities(self) -> tuple[Capability, ...]:
        """What the kernel and the installed programs offer, asked in a sandbox."""
        return tuple(
            Capability(
                name=item.name,
                level="ok" if item.present else "missing" if item.required else "substitute",
                note=item.remark,
            )
            for item in survey()
        )

    def run(
        self, world: World, scenario: Scenario, *, seed: int, run_id: str, on_progress: Callable[[Progress], None]
    ) -> Run:
        """Play the scenario in a sandbox of its own. Raises BackendUnavailable, SandboxError or LabError."""
        rows: list[Observation] = []
        order = {"world": manifest.dump(world), "scenario": scenario.metadata.name, "seed": seed}
        with ThreadPoolExecutor(max_workers=1) as pool, Sandbox.start(ENTRY) as box:
            reply = pool.submit(box.call, order)
            for event in box.events():
                if "observation" in event:
                    rows.append(Observation(**{**event["observation"], "run_id": run_id, "backend": self.name}))
                else:
                    on_progress(Progress(**event["progress"]))
            account = reply.result()
        return Run(
            run_id=run_id,
            backend=self.name,
            world=world,
            scenario=scenario,
            seed=seed,
            observations=tuple(sorted(rows, key=lambda row: (row.at_s, row.probe, row.seq, row.metric))),
            events=tuple(Event(**event) for event in account["events"]),
            environment=_environment(account["environment"]),
            notices=(*not_deployable(world), *account["notices"]),
            history=history_of(account["history"]),
        )


def _environment(seen: dict[str, Any]) -> FrozenMap[str]:
    return FrozenMap(
        {
            "engine": "Linux namespaces",
            "kernel": f"{platform.system()} {platform.release()}",
            "python": platform.python_version(),
            "pyroute2": version("pyroute2"),
            **{key: str(value) for key, value in seen.items()},
        }
    )
