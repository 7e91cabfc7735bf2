"""Parts: what is done of a sweep that is under way, a file a run beside the output file."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from kubeslice_sim.errors import BadInput
from kubeslice_sim.observe.measures import Measure
from kubeslice_sim.sweep import parquet
from kubeslice_sim.sweep.job import Job, Played
from kubeslice_sim.view.atomic import write_text

_ENDING = ".run.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The runs of the sweep that is to become ``out``, kept one by one in the folder ``<out>.parts``.

    A run is found again by its job's key, so that another world, seed, variant or program is never taken for it.
    """

    out: Path

    @property
    def folder(self) -> Path:
        """Where they are until the sweep is whole."""
        return self.out.with_name(f"{self.out.name}.parts")

    def check(self) -> None:
        """Raises :exc:`BadInput` where the output cannot be written or is somebody else's file."""
        parquet.require()
        if self.out.is_dir():
            raise BadInput(f"{self.out} is a folder; give a file such as sweep.parquet")
        if self.folder.exists() and not self.folder.is_dir():
            raise BadInput(f"{self.folder} is in the way; give another output file")
        if self.out.exists():
            parquet.read(self.out)
        write_text(self.folder / ".writable", "")
        (self.folder / ".writable").unlink()

    @contextmanager
    def held(self) -> Iterator[Parts]:
        """Check, and keep other sweeps off this output until the end of the block, however it ends.

        Raises :exc:`BadInput` as :meth:`check` does, and where another process is at it.
        """
        self.check()
        lock = self.folder / ".lock"
        with _locked(lock, self.out):
            try:
                yield self
            finally:
                lock.unlink(missing_ok=True)
                if self.folder.is_dir() and not any(self.folder.iterdir()):
                    self.folder.rmdir()

    def kept(self) -> dict[str, Played]:
        """What was played for this output before, by key: runs of the finished file and of an interrupted sweep."""
        found = {}
        if self.out.exists():
            found = {run.key: run for run in parquet.read(self.out).runs if not run.error}
        for path in sorted(self.folder.glob(f"*{_ENDING}")):
            run = _read(path)
            if run is not None and not run.error:
                found[run.key] = run
        return found

    def keep(self, run: Played) -> None:
        """Keep one more run, whole or not at all."""
        write_text(self.folder / f"{run.key}{_ENDING}", json.dumps(asdict(run)) + "\n")

    def clear(self) -> None:
        """Remove our files once the sweep is whole."""
        for path in [*self.folder.glob(f"*{_ENDING}"), *self.folder.glob(f".*{_ENDING}.*.part")]:
            path.unlink(missing_ok=True)


def placed(run: Played, job: Job) -> Played:
    """A kept run as what this sweep's job measured: it may have been another variant's number before."""
    return Played(key=job.key, variant=job.variant, replication=job.replication, seed=job.seed, measures=run.measures)


@contextmanager
def _locked(path: Path, out: Path) -> Iterator[None]:
    """The kernel lets go of the lock when this process ends, be it by kill -9."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                who = lock.read().strip() or "unknown"
                raise BadInput(
                    f"another sweep (process {who}) is writing {out}; wait for it, or give another file"
                ) from None
            if not path.exists() or path.stat().st_ino != os.fstat(lock.fileno()).st_ino:
                continue  # whoever had it has just removed the file
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            yield
            return


def _read(path: Path) -> Played | None:
    """The run in a part; None for one that is not ours or not whole: it is played again."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Played(**{**data, "measures": tuple(Measure(**item) for item in data["measures"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
