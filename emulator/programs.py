"""The programs that a pod can run without bringing its own: `http-echo`, `iperf3`, `sink`, `sleep`.

`builtin_argv` turns a pod's annotation into the argument list of a real process that listens in the pod's namespace.
`iperf3` and `sleep` are the machine's own; the two servers are this file, run by path in an isolated interpreter
(`python -I -S`): standard library only, some 10 MB a pod.
"""

from __future__ import annotations

import json
import os
import selectors
import shlex
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

DEFAULT_PORTS = {"http-echo": (8080,), "iperf3": (5201,), "sink": (9,), "sleep": ()}
"""The built-in programs, and where each listens when the pod declares no container port."""

_PIECE = b"kubeslice-sim " * 4682  # 65,548 bytes


def interpreter(script: Path) -> tuple[str, ...]:
    """How one of this package's stand-alone scripts is started: without site packages, user settings or this path."""
    return (sys.executable, "-I", "-S", str(script))


def is_builtin(emulate: str) -> bool:
    """Whether an annotation `kubeslice-sim.io/emulate` names a built-in program, perhaps with arguments of its own."""
    words = shlex.split(emulate)
    return bool(words) and words[0] in DEFAULT_PORTS


def builtin_argv(emulate: str, ports: Sequence[int]) -> tuple[str, ...]:
    """The argument list of the built-in program that `emulate` names, for a pod with these container ports.

    Numbers behind the name take the place of the ports: `http-echo 9080`. iperf3 listens on its first port only.
    Raises ValueError for a word that is no built-in program and for an argument that is no port.
    """
    name, *arguments = shlex.split(emulate)
    if name not in DEFAULT_PORTS:
        raise ValueError(f"{name!r} is no built-in program: use one of {', '.join(DEFAULT_PORTS)}")
    if bad := [word for word in arguments if not (word.isdecimal() and 0 < int(word) < 65536)]:
        raise ValueError(f"{name} takes port numbers only, not {' '.join(bad)}")
    listen = tuple(int(word) for word in arguments) or tuple(ports) or DEFAULT_PORTS[name]
    if name == "sleep":
        return ("sleep", "infinity")
    if name == "iperf3":
        # -J, so that a client that asks for the server's view (--get-server-output) gets it as numbers.
        return ("iperf3", "--server", "--json", "--port", str(listen[0]))
    return (*interpreter(Path(__file__).resolve()), name, *(str(port) for port in listen))


def http_echo(ports: Sequence[int]) -> None:
    """Answers a GET with who it is (also in a header X-Pod) and what it was asked, as JSON; `/bytes/N` with N bytes."""
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    pod = os.environ.get("POD_NAME") or socket.gethostname()

    class Echo(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            _, _, size = self.path.partition("/bytes/")
            if size.isdecimal():
                self._answer(int(size), "application/octet-stream", None)
            else:
                told = {"pod": pod, "path": self.path, "client": self.client_address[0]}
                body = json.dumps(told).encode() + b"\n"
                self._answer(len(body), "application/json", body)

        def _answer(self, size: int, kind: str, body: bytes | None) -> None:
            self.send_response(200)
            for header, value in (("Content-Type", kind), ("Content-Length", str(size)), ("X-Pod", pod)):
                self.send_header(header, value)
            self.end_headers()
            if body is not None:
                self.wfile.write(body)
                return
            while size > 0:
                size -= self.wfile.write(_PIECE[:size])

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing: under load a line a request would be most of the work."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 512

        def server_bind(self) -> None:
            # Not HTTPServer's, which looks its own address up by name and would wait for DNS.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind(self.server_address)
            self.server_name, self.server_port = pod, int(self.server_address[1])

    servers = [Server(("", port), Echo) for port in ports]
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


def sink(ports: Sequence[int]) -> None:
    """Takes whatever comes, over TCP and UDP, and answers nothing (RFC 863)."""
    ready = selectors.DefaultSelector()
    for port in ports:
        stream = socket.create_server(("", port), backlog=512)
        datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagram.bind(("", port))
        ready.register(stream, selectors.EVENT_READ, _accept)
        ready.register(datagram, selectors.EVENT_READ, _discard)
    while True:
        for key, _ in ready.select():
            take: Callable[[selectors.BaseSelector, socket.socket], None] = key.data
            one = key.fileobj
            if isinstance(one, socket.socket):
                take(ready, one)


def _accept(ready: selectors.BaseSelector, listener: socket.socket) -> None:
    stream, _ = listener.accept()
    ready.register(stream, selectors.EVENT_READ, _discard)


def _discard(ready: selectors.BaseSelector, one: socket.socket) -> None:
    try:
        received = one.recv(1 << 20)
    except OSError:
        received = b""
    if not received and one.type == socket.SOCK_STREAM:
        ready.unregister(one)
        one.close()


def main(arguments: Sequence[str]) -> None:
    """Serves until it is told to end: `http-echo PORT …` or `sink PORT …`."""
    name, *ports = arguments
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    {"http-echo": http_echo, "sink": sink}[name]([int(port) for port in ports])


if __name__ == "__main__":
    main(sys.argv[1:])
