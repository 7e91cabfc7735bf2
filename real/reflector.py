"""Reflector: lists a kind once and then watches it, and tells all that it sees, as client-go's does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from kubeslice_sim.errors import BackendUnavailable
from kubeslice_sim.model.timing import KUBESLICE
from real.client import Stream
from real.connection import Kind, Requests
from real.failures import ApiFailure

WATCH_S = 300
"""How long the server lets a watch live; client-go asks for 5 to 10 minutes."""
_METADATA = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1"


class Watchable(Requests, Protocol):
    """What a reflector is built on (real.client.Transport)."""

    def stream(self, path: str, *, query: Any = (), accept: str = "application/json") -> Stream:
        """Begin an answer without an end."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """All objects of a kind, as they are now."""

    kind: Kind
    items: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One object that was added, modified or (``gone``) deleted."""

    kind: Kind
    item: dict[str, Any]
    gone: bool


class Reflector:
    """One thread that follows one kind in all namespaces; ``tell`` is called on it.

    ``bare``: metadata alone is asked for, so that what a Secret holds never comes here. What the server says about
    lists that failed goes to ``say``; they are tried again with client-go's back-off.
    """

    def __init__(
        self, requests: Watchable, kind: Kind, tell: Callable[[Listed | Seen], None], say: Callable[[str], None],
        *, bare: bool = False,
    ) -> None:  # fmt: skip
        self._requests = requests
        self._kind = kind
        self._tell = tell
        self._say = say
        self._bare = bare
        self._stopping = threading.Event()
        self._stream: Stream | None = None
        self._thread = threading.Thread(target=self._run, name=f"kubeslice-sim-watch-{kind.plural}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End the watch and its thread."""
        self._stopping.set()
        if self._stream is not None:
            self._stream.close()
        self._thread.join(timeout=5.0)

    def _run(self) -> None:
        version, pause_s = "", KUBESLICE.watch_retry_s
        while not self._stopping.is_set():
            try:
                if not version:
                    version = self._list()
                version = self._watch(version)
                pause_s = KUBESLICE.watch_retry_s
            except ApiFailure as failure:
                if failure.status == HTTPStatus.GONE:
                    version = ""
                    continue
                self._say(f"watching {self._kind.plural}: {failure}")
            except BackendUnavailable as problem:
                self._say(f"watching {self._kind.plural}: {problem}")
            else:
                continue
            self._stopping.wait(pause_s)
            pause_s = min(2 * pause_s, KUBESLICE.watch_retry_limit_s)

    def _list(self) -> str:
        items: list[dict[str, Any]] = []
        query: list[tuple[str, str]] = [("limit", "500")]
        accept = _METADATA.format("List") if self._bare else "application/json"
        while True:
            page = self._requests.request("GET", self._kind.path(), query=query, accept=accept)
            items += [self._named(item) for item in page.get("items") or ()]
            more = page["metadata"].get("continue")
            if not more:
                self._tell(Listed(kind=self._kind, items=tuple(items)))
                return str(page["metadata"]["resourceVersion"])
            query = [("limit", "500"), ("continue", more)]

    def _watch(self, version: str) -> str:
        """Follow until the server ends it; the newest resourceVersion that was heard of, bookmarks included."""
        query = [
            ("watch", "true"), ("resourceVersion", version), ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", str(WATCH_S)),
        ]  # fmt: skip
        accept = _METADATA.format("") if self._bare else "application/json"
        self._stream = self._requests.stream(self._kind.path(), query=query, accept=accept)
        if self._stopping.is_set():
            self._stream.close()
        for line in self._stream:
            item, action = line["object"], line["type"]
            if action == "ERROR":
                raise ApiFailure(
                    status=int(item.get("code", 500)), reason=str(item.get("reason", "")),
                    message=str(item.get("message", "")), context=self._requests.context,
                )  # fmt: skip
            version = str(item["metadata"]["resourceVersion"])
            if action != "BOOKMARK":
                self._tell(Seen(kind=self._kind, item=self._named(item), gone=action == "DELETED"))
        return version

    def _named(self, item: dict[str, Any]) -> dict[str, Any]:
        """Items of lists, and bare ones, do not say what they are."""
        return {**item, "apiVersion": self._kind.api_version, "kind": self._kind.kind}
