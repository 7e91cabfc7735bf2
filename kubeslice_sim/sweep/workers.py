"""Workers: where jobs are played: here, in processes of ours, on a Dask cluster, or on any executor."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import connection, get_context, parent_process
from typing import Any, cast

from kubeslice_sim.errors import BackendUnavailable, BadInput, KubesliceSimError
from kubeslice_sim.sweep import program
from kubeslice_sim.sweep.job import Job, Played, failed, play

CONNECT_S = 10
EXTRA = "pip install 'kubeslice-sim[sweep]'"
_KEPT = "what was done is kept where there is an output file: run again"


class SweepBroken(KubesliceSimError):
    """Workers died under a sweep; the message says what to do next."""

    exit_code = 1


def available_cpus() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def processes(count: int) -> Iterator[Executor]:
    """So many fresh Python processes (spawned, never forked), which end with this one, however it ends.

    Where the block ends by an error or Ctrl-C they end at once, in the middle of what they do.
    """
    context = get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_begin, initargs=(theirs,))
    try:
        yield pool
    except BaseException:
        ours.close()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        ours.close()
        theirs.close()


@contextmanager
def dask_cluster(address: str) -> Iterator[Executor]:
    """The workers of the Dask scheduler at ``address`` (``tcp://host:8786``).

    Raises :exc:`BackendUnavailable` where nobody answers or the workers have another kubeslice-sim than we.
    """
    try:
        distributed: Any = import_module("distributed")
    except ModuleNotFoundError as error:
        raise BackendUnavailable(f"a Dask cluster needs the Python package {error.name!r}: {EXTRA}") from error
    with _loop() as loop, _client(distributed, address, loop) as client:
        _compare(client, address)
        yield cast("Executor", client.get_executor())


@contextmanager
def _loop() -> Iterator[Any]:
    """An event loop in a thread, both of which end: a client that does not connect would leave its own behind."""
    from tornado.ioloop import IOLoop

    begun: Future[Any] = Future()

    def run() -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        loop = IOLoop.current()
        loop.add_callback(begun.set_result, loop)
        loop.start()
        loop.close(all_fds=False)

    thread = threading.Thread(target=run, name="kubeslice-sim Dask client", daemon=True)
    thread.start()
    loop = begun.result()
    try:
        yield loop
    finally:
        loop.add_callback(loop.stop)
        thread.join()


def _client(distributed: Any, address: str, loop: Any) -> Any:
    try:
        return distributed.Client(address, timeout=CONNECT_S, set_as_default=False, loop=loop)
    except ValueError as error:
        raise BadInput(
            f"{address!r} is no address of a Dask scheduler ({error}); write it as tcp://host:8786"
        ) from error
    except OSError as error:
        raise BackendUnavailable(
            f"no Dask scheduler answers at {address} within {CONNECT_S} s; look whether it runs, and at its port"
        ) from error


def play_all(jobs: Iterable[Job], executor: Executor | None) -> Iterator[Played]:
    """What the jobs measured, as they end; without an executor one after the other, here.

    A job that its worker could not play is one that failed. Raises :exc:`SweepBroken` where worker processes died.
    """
    if executor is None:
        yield from map(play, jobs)
        return
    futures: dict[Future[Played], Job] = {}
    try:
        for job in jobs:
            futures[executor.submit(play, job)] = job
        for future in as_completed(futures):
            yield _result(future, futures[future])
    except BrokenExecutor as error:
        raise SweepBroken(
            "a worker process died (out of memory, killed, or a script that calls ks.sweep at its top level: put the "
            f'call under `if __name__ == "__main__":`); {_KEPT}'
        ) from error
    except CancelledError as error:
        raise SweepBroken(f"the workers were lost before all runs were played; {_KEPT}") from error
    finally:
        for future in futures:
            future.cancel()


def _result(future: Future[Played], job: Job) -> Played:
    try:
        return future.result()
    except (BrokenExecutor, CancelledError):
        raise
    except Exception as error:  # lost with its worker, or what it says cannot be sent: one run of many
        return failed(job, f"{type(error).__name__}: {error}")


def _compare(client: Any, address: str) -> None:
    try:
        found = client.run(program.digest)
    except Exception as error:
        raise BackendUnavailable(f"the workers of {address} cannot run kubeslice-sim: {error}") from error
    if not found:
        raise BackendUnavailable(f"the Dask scheduler at {address} has no workers; start some")
    other = sorted(worker for worker, digest in found.items() if digest != program.digest())
    if other:
        raise BackendUnavailable(
            f"another kubeslice-sim (or Python, numpy, numba, simpy) than here is on {', '.join(other)}; install the "
            "same, or runs would not be the same"
        )


def _begin(wire: connection.Connection) -> None:
    """In a fresh process: Ctrl-C is the parent's to handle, and its death is ours, or that it lets go of the wire."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(wire,), daemon=True).start()


def _end_with_parent(wire: connection.Connection) -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel, wire])
        os._exit(1)
