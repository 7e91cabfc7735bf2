"""The command ``sweep``: what if a field of the world had another value?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.console import Console

from kubeslice_sim import facade
from kubeslice_sim.cli_output import Output, print_json
from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.manifest.scalar import resolve

GOOD, FAILED, INTERRUPTED = 0, 1, 130


def register(app: App, out: Console, err: Console) -> None:
    """Add the command to ``ksim``; ``err`` shows how far it is."""

    @app.command
    def sweep(
        *paths: Path,
        vary: Annotated[tuple[str, ...], Parameter(negative=(), consume_multiple=False)] = (),
        design: Path | None = None,
        sample: str = "",
        replications: int | None = None,
        until: Annotated[tuple[str, ...], Parameter(negative=(), consume_multiple=False)] = (),
        at_most: int | None = None,
        scenario: str = "",
        seed: int | None = None,
        jobs: int | None = None,
        cluster: str = "",
        contrast: bool = False,
        file: Annotated[Path | None, Parameter(name=["--out"])] = None,
        output: Output = "text",
    ) -> int:
        """Play a world under every combination of some fields' values, several times each, in parallel.

        ksim sweep WORLD --vary 'underlay.links[worker-1,worker-2].rtt=20ms..90ms step 10ms' --vary slice.maxClusters=4

        The same seeds are used in every variant, and the results are the same with any number of workers. Exit 1 if
        a run could not be played (its row says why); what expectations say of each variant is a result, no failure.

        Parameters
        ----------
        paths
            Files or folders of YAML documents.
        vary
            A field and its values, ``path=value,value``; several times: every combination. A value may be a range,
            both ends included: ``10ms..200ms step 10ms``, ``10ms..200ms count 5``, ``1..1000 count 4 log``. Fields
            that change together stand in one --vary: ``a.x=1,2; b.y=3,4``. Values are read as in YAML; what holds a
            comma goes in quotes or brackets: ``slice/red.clusters=[a,b],[a,b,c]``.
        design
            A YAML file that says the same: ``vary`` (path: list or range), ``together`` (a list of such mappings),
            ``sample``, ``replications``, ``until``, ``atMost``, ``seed``, ``scenario``. Options go before it.
        sample
            So many points instead of every combination: ``40``, ``40 random``, ``40 latin-hypercube seed 3``. Ranges
            may then be without step and count.
        replications
            Runs of each variant, under consecutive seeds (5). Intervals need two or more.
        until
            Go on replicating a variant until half of a 95 % interval is small enough: ``bulk rate_bps relative 2%``
            (of the mean), ``ping rtt_s p95 absolute 1ms``; several times: all of them.
        at_most
            Runs of a variant, where --until asks for more (50).
        scenario
            Which one, if the world holds several.
        seed
            Of the first replication, instead of the scenario's own.
        jobs
            Processes; otherwise one a processor.
        cluster
            Instead of processes, the Dask scheduler at this address: ``tcp://host:8786``.
        contrast
            Also show how far each variant lies from the first, seed by seed, with intervals that hold all at once.
        file
            A Parquet file for all runs (pip install 'kubeslice-sim[sweep]'). Each run is kept beside it as it ends: the
            same command goes on after an interruption, and plays only what is new.
        output
            ``json`` for machines.
        """
        from kubeslice_sim import facade_sweep
        from kubeslice_sim.sweep import show

        fields, groups = varied(vary)
        seen: list[Any] = []
        try:
            with _progress(err) as tell:

                def on_progress(done: Any) -> None:
                    seen.append(done)
                    tell(done)

                made = facade_sweep.sweep(
                    facade.load(*paths), fields, together=groups, sample=sample or None, replications=replications,
                    until=until, at_most=at_most, design=design, scenario=scenario, seed=seed, jobs=jobs,
                    cluster=cluster, out=file, on_progress=on_progress,
                )  # fmt: skip
        except KeyboardInterrupt:
            err.print(f"ksim: interrupted{_left(seen, file)}", markup=False, style="red")
            return INTERRUPTED
        if file and seen[-1].replaced:
            err.print(f"note: {file} held {seen[-1].replaced} runs of another world, seed, program or of other values; "
                      "they are replaced", markup=False, style="yellow")  # fmt: skip
        if output == "json":
            print_json(show.data(made, contrast=contrast))
        else:
            out.print(show.text_table(made))
            if contrast:
                out.print(show.contrast_table(made))
            if file:
                out.print(f"wrote {file}", markup=False)
        return FAILED if made.failed else GOOD


def varied(texts: Sequence[str]) -> tuple[dict[str, list[Any]], list[dict[str, list[Any]]]]:
    """``path=value,value`` as paths with their values, and ``path=…; path=…`` as fields that change together.

    Raises :exc:`BadInput` with all that cannot be read.
    """
    alone: dict[str, list[Any]] = {}
    together: list[dict[str, list[Any]]] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for text in texts:
        found: dict[str, list[Any]] = {}
        try:
            parts = list(_parts(text, ";"))
        except BadInput as error:
            problems += error.problems
            continue
        for part in parts:
            path, equals, values = _cut(part)
            if not equals or not path or not values:
                hint = "write it as slice.maxClusters=4,8"
                problems.append(Problem(message=f"--vary {part!r} names no values", hint=hint))
            elif path in seen:
                problems.append(Problem(path=path, message="is varied twice", hint="give all its values in one --vary"))
            else:
                seen.add(path)
                try:
                    found[path] = [_value(value) for value in _parts(values, ",")]
                except BadInput as error:
                    problems += [Problem(path=path, message=problem.message) for problem in error.problems]
        if len(parts) > 1:
            together.append(found)
        else:
            alone |= found
    if problems:
        raise BadInput(problems)
    return alone, together


def _left(seen: Sequence[Any], file: Path | None) -> str:
    """What an interruption leaves."""
    done = seen[-1].done if seen else 0
    if not file or not done:
        return ""
    return f"; {done} of {seen[-1].total} runs are kept beside {file}: the same command goes on from there"


def _cut(text: str) -> tuple[str, str, str]:
    """The path, the first equals sign outside of brackets and quotes, and the values."""
    for at, character in _outside(text):
        if character == "=":
            return text[:at].strip(), "=", text[at + 1 :]
    return text, "", ""


def _parts(text: str, between: str) -> Iterator[str]:
    start = 0
    for at, character in _outside(text):
        if character == between:
            yield text[start:at].strip()
            start = at + 1
    yield text[start:].strip()


def _outside(text: str) -> Iterator[tuple[int, str]]:
    """The characters that stand in no brackets and no quotes. Raises :exc:`BadInput` for what is left open."""
    depth, quote = 0, ""
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        elif depth == 0:
            yield at, character
    if depth or quote:
        raise BadInput(f"{text!r} leaves {'a quote' if quote else 'a bracket'} open")


def _value(text: str) -> Any:
    """A scalar as YAML reads it unquoted; lists, mappings and quoted texts as YAML reads them, too."""
    if text[:1] not in ("[", "{", '"', "'"):
        return resolve(text)
    from kubeslice_sim.manifest.yaml_text import parse

    sources, problems = parse(f"value: {text}", "--vary")
    if problems:
        raise BadInput(f"{text} is not YAML: {problems[0].message}")
    return sources[0].data["value"]


@contextmanager
def _progress(err: Console) -> Iterator[Any]:
    """A progress bar with the time that is left on a terminal, nothing elsewhere."""
    if not err.is_terminal:
        yield lambda done: None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left:"),
        TimeRemainingColumn(), console=err, transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task("reading", total=None)

        def told(done: Any) -> None:
            words = [f"{done.kept} kept"] * bool(done.kept) + [f"{done.failed} failed"] * bool(done.failed)
            bar.update(task, description=", ".join(["runs", *words]), completed=done.done, total=done.total)

        yield told
