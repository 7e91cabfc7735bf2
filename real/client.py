"""The only module that imports the Kubernetes client: kubeconfig contexts, and one JSON request with retries."""

from __future__ import annotations

import json
import logging
import os
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes.client
import kubernetes.config
import kubernetes.dynamic
import urllib3.exceptions
from kubernetes.dynamic.exceptions import DynamicApiError

from kubeslice_sim.errors import BackendUnavailable
from real.failures import ApiFailure

_KUBERNETES: Any = kubernetes  # says that it is typed, and is not
CONNECT_WITHIN_S = 3.05
"""Just above a multiple of TCP's 3 s retransmission, as HTTP clients usually choose it."""
ANSWER_WITHIN_S = 35.0
"""KubeSlice's webhooks may take 10 s each, and the API server gives itself 30 s for dry runs with several."""
CONNECTIONS = 32
"""A controller watches some twenty kinds at once, each on a connection of its own."""
RETRY_AFTER_S = (0.3, 1.0)

_HOPELESS = (urllib3.exceptions.TimeoutError, urllib3.exceptions.SSLError)
"""Not tried again: the user has waited long enough, or it would be the same."""

Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubeconfig:
    """The contexts that a kubeconfig offers. ``path`` may be several files joined as in ``KUBECONFIG``."""

    path: str
    contexts: tuple[str, ...]
    current: str


def read_kubeconfig(path: str | Path | None = None) -> Kubeconfig:
    """Read a kubeconfig: the path, else ``$KUBECONFIG``, else ``~/.kube/config``.

    Raises BackendUnavailable when there is none or it cannot be read.
    """
    where = str(path or os.environ.get("KUBECONFIG") or Path.home() / ".kube" / "config")
    try:
        contexts, current = _KUBERNETES.config.list_kube_config_contexts(config_file=where)
    except Exception as problem:  # the client raises what its YAML reader and the file system raise
        raise BackendUnavailable(
            f"cannot read the kubeconfig {where} ({_short(problem)}): "
            "point KUBECONFIG or --kubeconfig at one that has the clusters' contexts"
        ) from None
    names = tuple(str(context["name"]) for context in contexts)
    return Kubeconfig(path=where, contexts=names, current=str(current["name"]) if current else "")


class Stream:
    """An answer that comes line by line, each a JSON object; ends when the server ends it or :meth:`close` does."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Every line. An answer that breaks off ends like any other: whoever watches begins again anyway."""
        rest = b""
        try:
            for piece in self._answer.stream(amt=None, decode_content=True):
                *lines, rest = (rest + piece).split(b"\n")
                yield from (json.loads(line) for line in lines if line)
        except (urllib3.exceptions.HTTPError, OSError, ValueError):
            return

    def close(self) -> None:
        """End it, from any thread: whoever reads finds the end."""
        with suppress(OSError, ValueError, RuntimeError):
            self._answer.shutdown()


class Transport:
    """Sends one request to one API server and reads JSON; retries what is safe to retry.

    Every request that this project sends is idempotent (reads, server-side apply, patches and deletes with a
    precondition) or told twice by its second answer (creates), so a refused or broken connection and a busy server are
    tried again, three times in all. Nothing that it raises holds
    a token or a key.
    """

    def __init__(self, kubeconfig: Kubeconfig, context: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.context = context
        self._sleep = sleep
        configuration = _KUBERNETES.client.Configuration()
        try:
            with _failed_plugins() as failures:
                _KUBERNETES.config.load_kube_config(
                    config_file=kubeconfig.path, context=context, client_configuration=configuration,
                    persist_config=False,
                )  # fmt: skip
        except Exception as problem:  # as above
            raise BackendUnavailable(
                f"context {context!r} of {kubeconfig.path} cannot be used: {_short(problem)}"
            ) from None
        if failures:
            raise BackendUnavailable(
                f"context {context!r} of {kubeconfig.path} gives no credentials: its plug-in failed ({failures[0]}); "
                "run it by hand to see why"
            )
        configuration.connection_pool_maxsize = CONNECTIONS
        configuration.retries = False  # ours below know which answers are worth a second try
        address = urlsplit(str(configuration.host))
        self.server = f"{address.scheme}://{address.hostname}:{address.port or 443}"
        # A discoverer of its own would ask the server at once, without a time limit, and cache the answer on disk.
        self._client = _KUBERNETES.dynamic.DynamicClient(
            _KUBERNETES.client.ApiClient(configuration), discoverer=lambda _client, _cache: None
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> dict[str, Any]:
        """Send and return the answer's JSON. Raises ApiFailure (not 2xx) or BackendUnavailable (no answer)."""
        for pause_s in (*RETRY_AFTER_S, None):
            try:
                return self._once(method, path, query, body, content_type, accept)
            except ApiFailure as failure:
                if pause_s is None or not failure.is_passing:
                    raise
            except (urllib3.exceptions.HTTPError, OSError) as problem:
                if pause_s is None or (isinstance(problem, _HOPELESS) and not _is_refused(problem)):
                    raise self._unreachable(problem) from None
            self._sleep(pause_s)
        raise AssertionError("the last round returns or raises")

    def stream(self, path: str, *, query: Query = (), accept: str = "application/json") -> Stream:
        """Begin an answer without an end (a watch). Raises ApiFailure or BackendUnavailable, and tries once only."""
        try:
            answer = self._client.request(
                "GET", path, query_params=list(query), header_params={"Accept": accept}, serialize=False,
                _request_timeout=(CONNECT_WITHIN_S, None),
            )  # fmt: skip
        except DynamicApiError as problem:
            raise ApiFailure.parse(int(problem.status or 0), problem.body, context=self.context) from None
        except (urllib3.exceptions.HTTPError, OSError) as problem:
            raise self._unreachable(problem) from None
        return Stream(answer)

    def _once(
        self, method: str, path: str, query: Query, body: Mapping[str, Any] | None, content_type: str, accept: str
    ) -> dict[str, Any]:
        try:
            answer = self._client.request(
                method, path, body=body, query_params=list(query), content_type=content_type, serialize=False,
                header_params={"Accept": accept},
                _request_timeout=(CONNECT_WITHIN_S, ANSWER_WITHIN_S),
            )  # fmt: skip
        except DynamicApiError as problem:
            if not problem.status:  # the client's own way to say that TLS failed
                raise urllib3.exceptions.SSLError(str(problem.reason)) from None
            raise ApiFailure.parse(int(problem.status), problem.body, context=self.context) from None
        content = json.loads(answer.data)
        if not isinstance(content, dict):
            raise BackendUnavailable(f"{self.server} (context {self.context}) is no Kubernetes API server")
        return content

    def _unreachable(self, problem: Exception) -> BackendUnavailable:
        where = f"the API server of context {self.context!r} ({self.server})"
        if isinstance(problem, urllib3.exceptions.SSLError | ssl.SSLError):
            return BackendUnavailable(
                f"{where} has a certificate that the kubeconfig does not trust: {_short(problem)}"
            )
        if isinstance(problem, urllib3.exceptions.ConnectTimeoutError) and not _is_refused(problem):
            return BackendUnavailable(f"cannot reach {where}: no answer in {CONNECT_WITHIN_S:.0f} s; is the way open?")
        if isinstance(problem, urllib3.exceptions.ReadTimeoutError):
            return BackendUnavailable(f"{where} accepted a request and did not answer in {ANSWER_WITHIN_S:.0f} s")
        return BackendUnavailable(f"cannot reach {where}: is it running, and is the kubeconfig right?")


@contextmanager
def _failed_plugins() -> Iterator[list[str]]:
    """What went wrong with credential plug-ins: the client logs it, goes on without, and the server says 401."""
    failures: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            # "exec: process returned 1. <all it wrote>": what a plug-in writes may be a token.
            failures.append(record.getMessage().split("\n")[0].partition(". ")[0][:200])

    listener, root = Listener(level=logging.ERROR), logging.getLogger()
    root.addHandler(listener)
    try:
        yield failures
    finally:
        root.removeHandler(listener)


def _is_refused(problem: Exception) -> bool:
    """Nobody listens there, or the name is unknown; urllib3 derives this from its time-out, which it is not."""
    return isinstance(problem, urllib3.exceptions.NewConnectionError)


def _short(problem: Exception) -> str:
    """One line, and no more than a line: an exception's text may carry whole files."""
    return (" ".join(str(problem).split()) or type(problem).__name__)[:200]
