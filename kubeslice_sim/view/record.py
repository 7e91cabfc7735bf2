"""A run as a folder: ``observations.csv``, ``history.json`` and ``run.json``, and back."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from kubeslice_sim import manifest
from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.history import History, history_data, history_of
from kubeslice_sim.observe.run import Event, Run
from kubeslice_sim.observe.table import from_csv, to_csv
from kubeslice_sim.view.atomic import write_text
from kubeslice_sim.view.redact import without_secrets

OBSERVATIONS = "observations.csv"
HISTORY = "history.json"
RUN = "run.json"
FORMAT = "kubeslice-sim.io/run/v1"


def write_run(run: Run, directory: str | Path) -> None:
    """Write the run into the folder (made where it is missing), replacing an earlier run there and nothing else.

    Equal runs give equal bytes. Secrets of the world are left out (:mod:`kubeslice_sim.view.redact`). ``run.json``
    is written last and names the digests of the others, so a folder whose writing was broken off is found out.
    Raises :exc:`BadInput` where the folder cannot be written or holds files of these names that are not a run.
    """
    folder = Path(directory)
    check_folder(folder)
    observations = to_csv(run.observations)
    history = json.dumps(history_data(run.history), separators=(",", ":"), ensure_ascii=False) + "\n"
    document = _document(run, observations, history)
    write_text(folder / OBSERVATIONS, observations)
    if run.history:
        write_text(folder / HISTORY, history)
    write_text(folder / RUN, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def read_run(directory: str | Path) -> Run:
    """The run that :func:`write_run` wrote, its observations in order. Raises :exc:`BadInput` for any other folder."""
    folder = Path(directory)
    document = _json(folder)
    text = _described(folder, OBSERVATIONS, document.get("observations"))
    observations = from_csv(text, file=str(folder / OBSERVATIONS))
    try:
        world, scenario = _world(document, folder)
        return Run(
            run_id=document["run_id"],
            backend=document["backend"],
            world=world,
            scenario=scenario,
            seed=document["seed"],
            observations=observations,
            events=tuple(Event(**event) for event in document["events"]),
            environment=FrozenMap(document["environment"]),
            notices=tuple(document["notices"]),
            history=_history(folder, document),
        )
    except (KeyError, TypeError) as error:
        raise BadInput(f"{folder / RUN} lacks a part of a run ({error}); run the scenario again") from error


def _history(folder: Path, document: dict[str, Any]) -> History:
    """The history beside the run; none where the back end told none."""
    if "history" not in document:
        return History()
    return history_of(json.loads(_described(folder, HISTORY, document["history"])))


def _described(folder: Path, name: str, described: Any) -> str:
    """The text of a file if it is the one that was written with the run."""
    text = _text(folder / name)
    if not isinstance(described, dict) or _digest(text) != described.get("sha256"):
        raise BadInput(
            f"{folder}: {name} is not the one that {RUN} describes (writing was broken off, or it was edited); "
            "run the scenario again"
        )
    return text


def _document(run: Run, observations: str, history: str) -> dict[str, Any]:
    world = without_secrets(run.world)
    document = {
        "format": FORMAT,
        "run_id": run.run_id,
        "backend": run.backend,
        "seed": run.seed,
        "scenario": run.scenario.metadata.name,
        "observations": {"rows": len(run.observations), "sha256": _digest(observations)},
        **({"history": {"sha256": _digest(history)}} if run.history else {}),
        "environment": dict(sorted(run.environment.items())),
        "notices": list(run.notices),
        "events": [asdict(event) for event in run.events],
        "world_name": world.name,
        "world": manifest.dump(world),
    }
    if run.scenario not in run.world.scenarios:
        # A variant (a sweep, another seed) that the world's own documents do not hold.
        document["scenario_document"] = manifest.dump(World(scenarios=(run.scenario,)))
    return document


def _world(document: dict[str, Any], folder: Path) -> tuple[World, Scenario]:
    source = str(folder / RUN)
    # Not admitted again: the run took place, whatever today's rules would say of its world.
    world = replace(manifest.load_text(document["world"], file=source, admit=False), name=document["world_name"])
    if "scenario_document" in document:
        return world, manifest.load_text(document["scenario_document"], file=source, admit=False).scenarios[0]
    return world, world.scenario(document["scenario"])


def check_folder(directory: str | Path) -> None:
    """Raises :exc:`BadInput` where :func:`write_run` would: to be asked before a run that takes minutes."""
    folder = Path(directory)
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir():
        raise BadInput(f"{there} is a file; give a folder for the run")
    if not os.access(there, os.W_OK | os.X_OK):
        raise BadInput(f"cannot write in {there}: Permission denied; give a folder that can be written")
    if (folder / RUN).exists():
        _json(folder)
    elif (folder / OBSERVATIONS).exists():
        # Without run.json: ours (its writing was broken off, so it may be replaced) or somebody else's.
        header, _, _ = _text(folder / OBSERVATIONS).partition("\n")
        from_csv(header, file=str(folder / OBSERVATIONS))


def _json(folder: Path) -> dict[str, Any]:
    path = folder / RUN
    try:
        document = json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise BadInput(f"{path} is not a run of kubeslice-sim ({error}); give another folder") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise BadInput(f"{path} is not a run of kubeslice-sim ({FORMAT}); give another folder")
    return document


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise BadInput(f"{path} is missing; give a folder that `ksim run --report` wrote") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read {path}: {error}; give a folder that `ksim run --report` wrote") from error


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", errors="backslashreplace")).hexdigest()
