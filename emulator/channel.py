"""JSON messages over a Unix socket between the sandbox's agent and the process outside.

On the wire: four bytes of length, big-endian, then one JSON object. From outside to inside travel
`{"id": n, "call": {...}}`; back travel `{"id": n, "reply": {...}}` or `{"id": n, "error": {...}}`, and, whenever the
inside likes, `{"event": {...}}`; `{"ready": {}}` comes once, at the end `{"done": {}}` or `{"fatal": {...}}`.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import struct
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubeslice_sim.errors import KubesliceSimError

Message = dict[str, Any]
"""One JSON object."""

_LENGTH = struct.Struct(">I")


class Framing:
    """Whole messages over a stream socket. `send` may be called from any thread, `receive` from one."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self._sending = threading.Lock()

    def send(self, message: Mapping[str, Any]) -> None:
        """Sends one message. Raises OSError when the other end is gone, TypeError when it is not JSON."""
        body = json.dumps(message, separators=(",", ":")).encode()
        with self._sending:
            self._stream.sendall(_LENGTH.pack(len(body)) + body)

    def receive(self) -> Message | None:
        """The next message, or None when the other end is gone."""
        head = self._exactly(_LENGTH.size)
        body = head and self._exactly(_LENGTH.unpack(head)[0])
        return json.loads(body) if body else None

    def _exactly(self, size: int) -> bytes:
        parts = []
        while size:
            try:
                part = self._stream.recv(min(size, 1 << 20))
            except OSError:
                part = b""
            if not part:
                return b""
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def describe(error: BaseException) -> Message:
    """An exception as a message: its class and whether that is one of ours, its text on one line, its traceback."""
    return {
        "type": type(error).__name__,
        "ours": isinstance(error, KubesliceSimError),
        "message": " ".join(str(error).split("\n")).strip() or type(error).__name__,
        "traceback": "".join(traceback.format_exception(error)),
    }


@dataclass(frozen=True, slots=True)
class Request:
    """A call from outside that waits for `reply` or `fail`, exactly one of them, once."""

    message: Message
    reply: Callable[[Message], None]
    fail: Callable[[BaseException], None]


class Channel:
    """The agent's side: requests come in, replies and events go out.

    When the process outside closes its end or dies, this process ends at once: a sandbox leaves nothing to tidy up.
    """

    def __init__(self, stream: socket.socket) -> None:
        self._framing = Framing(stream)
        self._requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="channel", daemon=True).start()

    def event(self, message: Message) -> None:
        """Streams one message to whoever iterates the sandbox's events."""
        self._framing.send({"event": message})

    def requests(self) -> Iterator[Request]:
        """The requests in the order of their arrival, for ever."""
        while True:
            yield self._requests.get()

    def serve(self, handle: Callable[[Message], Message], *, concurrently: bool = False) -> None:
        """Answers every request with what `handle` returns or raises; does not return.

        With `concurrently` each request has a thread of its own, so that a slow one does not hold up the next.
        """

        def answer(request: Request) -> None:
            try:
                request.reply(handle(request.message))
            except Exception as error:
                request.fail(error)

        for request in self.requests():
            if concurrently:
                threading.Thread(target=answer, args=(request,), name="request", daemon=True).start()
            else:
                answer(request)

    def announce(self, kind: str, message: Message) -> None:
        """Sends `ready`, `done` or `fatal`: for the agent itself, not for its entry points."""
        self._framing.send({kind: message})

    def _read(self) -> None:
        while (message := self._framing.receive()) is not None:
            self._requests.put(self._request(message["id"], message["call"]))
        os._exit(0)

    def _request(self, number: int, call: Message) -> Request:
        return Request(
            message=call,
            reply=lambda reply: self._framing.send({"id": number, "reply": reply}),
            fail=lambda error: self._framing.send({"id": number, "error": describe(error)}),
        )
