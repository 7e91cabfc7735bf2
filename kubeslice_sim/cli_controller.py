"""The command ``controller``: KubeSlice's controller, ours, at work on a real API server."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from cyclopts import App
from rich.console import Console

from kubeslice_sim import backends

GOOD, LOST = 0, 1


def register(app: App, out: Console, err: Console) -> None:
    """Add the command to ``ksim``; ``err`` tells what happens meanwhile."""

    @app.command
    def controller(
        *,
        context: str | None = None,
        kubeconfig: Path | None = None,
        certificates: Literal["wait", "immediate"] = "wait",
        dry_run: bool = False,
    ) -> int:
        """Work on a real API server as KubeSlice's controller does, until Ctrl-C or SIGTERM; exit 1 for a lost lease.

        For a cluster that has KubeSlice's CRDs (ksim crds) and not its controller: beside that one it does not
        start. One process works at a time (Lease kubeslice-sim-controller). Webhooks are not served: the API server
        takes whatever fits its CRDs; ksim admit says what the webhooks would say. Secrets are looked at without what
        they hold.

        Parameters
        ----------
        context
            The context of the controller cluster; otherwise the one called controller.
        kubeconfig
            A kubeconfig file; otherwise as kubectl finds it.
        certificates
            ``wait``: certificate Jobs are made, and the cluster runs them. ``immediate``: where nobody runs Jobs, each
            is marked as done at once, with secrets that hold no keys.
        dry_run
            Say what would be written now, write nothing, and end.
        """
        work = backends.deployer().controller(
            kubeconfig=kubeconfig, context=context, certificates=certificates,
            say=lambda line: err.print(line, markup=False),
        )  # fmt: skip
        if dry_run:
            for key, outcome in work.rehearse():
                out.print(f"{key}: {', '.join(_told(write) for write in outcome.writes)}", markup=False)
            return GOOD
        with _stopped_by_signals(work):
            worked = work.run()
        err.print(str(worked), markup=False)
        return LOST if worked.lost else GOOD


def _told(write: Any) -> str:
    """``create Role kubeslice-demo/kubeslice-read-only``."""
    verbs = {"Create": "create", "Update": "update", "UpdateStatus": "update the status of", "Delete": "delete"}
    return f"{verbs[type(write).__name__]} {write.key}"


@contextmanager
def _stopped_by_signals(work: Any) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the work, not the process."""
    before = {number: signal.signal(number, lambda *_: work.stop()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
