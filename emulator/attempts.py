"""A program that runs in a pod and tries something again and again: a lookup, a TCP connection, an HTTP request.

Run by path in an isolated interpreter (`python -I -S`), so it imports the standard library only and starts in
some 20 ms. It resolves names with getaddrinfo, hence by the pod's resolv.conf, as any program there does. Its one
argument is a JSON object, its output a JSON object a line; `emulator/probes.py` writes the one and reads the other.
"""

from __future__ import annotations

import errno
import itertools
import json
import random
import socket
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

_THREAD_LIMIT = 512
_NO = {
    errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EPERM, errno.EACCES,
    errno.ENETDOWN, errno.EPIPE,
}  # fmt: skip
_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}

_NO_ROUTE = 404
_PROXY_SAYS = {502: ("blocked", "refused"), 503: ("blocked", "refused"), 504: ("timeout", "no answer")}
"""What a proxy answers in the place of a server that refused, is not there or was silent (RFC 9110, 15.6.3 to 5)."""

_print_lock = threading.Lock()


def outcome_of(error: OSError) -> str:
    """`blocked` if somebody said no (refused, reset, unreachable, no such name), `timeout` if nobody answered."""
    if isinstance(error, socket.gaierror):
        if error.errno in _NO_SUCH_NAME:
            return "blocked"
        return "timeout" if error.errno == socket.EAI_AGAIN else "failed_to_probe"
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return "timeout"
    return "blocked" if error.errno in _NO or isinstance(error, ConnectionError) else "failed_to_probe"


def lookup(spec: dict[str, Any]) -> dict[str, Any]:
    """One resolution of a name to IPv4 addresses. Raises TimeoutError for an answer, also a denial, that came late.

    The C library has no time limit of ours: it asks for each search domain in turn, each with its own patience.
    """
    began_s = time.monotonic()
    try:
        found = socket.getaddrinfo(spec["target"], None, socket.AF_INET, socket.SOCK_STREAM)
    finally:
        took_s = time.monotonic() - began_s
        _check_in_time(spec, took_s)
    return {"addresses": list(dict.fromkeys(entry[4][0] for entry in found)), "lookup_s": took_s}


def _check_in_time(spec: dict[str, Any], took_s: float) -> None:
    if took_s > spec["timeout_s"]:
        raise TimeoutError(f"the resolver took {took_s:.1f} s")


def connect(spec: dict[str, Any]) -> dict[str, Any]:
    """One resolution and one TCP handshake with the first address."""
    told = lookup(spec)
    done, stream = _shake_hands(spec, told["addresses"][0])
    if stream is not None:
        stream.close()
    return {**told, **done}


_opened = itertools.count()


def _open(spec: dict[str, Any]) -> tuple[dict[str, Any], socket.socket | None]:
    """One resolution and a handshake with the first address that takes it, as most clients do; else the last failure.

    The order is the answer's, or as `balance` says: a random one, or in rotation.
    """
    told = lookup(spec)
    addresses = list(told["addresses"])
    if spec["balance"] == "random":
        random.shuffle(addresses)
    elif spec["balance"] == "rotate":
        place = next(_opened) % len(addresses)
        addresses = addresses[place:] + addresses[:place]
    done: dict[str, Any] = {}
    for address in addresses:
        done, stream = _shake_hands(spec, address)
        if stream is not None:
            return {**told, **done}, stream
    return {**told, **done, "cause": "no handshake" if done.get("outcome") == "timeout" else "refused"}, None


def _shake_hands(spec: dict[str, Any], address: str) -> tuple[dict[str, Any], socket.socket | None]:
    stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    stream.settimeout(spec["timeout_s"])
    began_s = time.monotonic()
    try:
        stream.connect((address, spec["port"]))
    except OSError as error:
        stream.close()
        return _failure(error), None
    return {"connect_s": time.monotonic() - began_s}, stream


def request(spec: dict[str, Any]) -> dict[str, Any]:
    """One HTTP request on a connection of its own; "no such route", as a proxy says it, counts as refused."""
    client = HttpClient(spec)
    told = client.request(time.monotonic())
    client.close()
    if told.get("status") == _NO_ROUTE:
        return {**told, "outcome": "blocked", "detail": f"HTTP {_NO_ROUTE}"}
    return told


class HttpClient:
    """One HTTP/1.1 client: it keeps its connection and opens a new one when it has lost it."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec
        self.connection: Any = None
        self.used = 0
        self.last_s = 0.0

    def _let_go(self) -> None:
        """Closes a connection that has been used as often, or was idle as long, as the client allows."""
        most, idle_s = self.spec["keep_requests"], self.spec["keep_idle_s"]
        worn_out = most is not None and self.used >= most
        if self.connection is not None and (
            worn_out or (idle_s is not None and time.monotonic() - self.last_s >= idle_s)
        ):
            self.connection.close()
            self.connection = None

    def request(self, due_s: float) -> dict[str, Any]:
        """One request. `request_s` counts from `due_s`, when it should have been sent: a late start is not hidden."""
        import http.client

        told: dict[str, Any] = {}
        self._let_go()
        asking = self.connection is None
        try:
            if self.connection is None:
                self.used = 0
                told, stream = _open(self.spec)
                asking = False
                if stream is None:
                    return told
                self.connection = http.client.HTTPConnection(self.spec["target"])
                self.connection.auto_open = False  # or it would connect again by itself, unmeasured and without timeout
                self.connection.sock = stream
            self.connection.request("GET", self.spec["path"], headers={"Host": self.spec["target"]})
            response = self.connection.getresponse()
            body = response.read()
            self.used, self.last_s = self.used + 1, time.monotonic()
            if self.connection.sock is None:  # the server wished to close it
                self.connection = None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if isinstance(error, OSError):
                return {**told, **_failure(error), "cause": _cause(error, asking)}
            return {**told, "outcome": "failed_to_probe", "detail": f"no HTTP answer: {error!r}"}
        if response.status in _PROXY_SAYS:
            outcome, cause = _PROXY_SAYS[response.status]
            told |= {"outcome": outcome, "detail": f"HTTP {response.status}", "cause": cause}
        return {
            **told,
            "request_s": time.monotonic() - due_s,
            "status": response.status,
            "received_bytes": len(body),
            "pod": response.headers.get("X-Pod", ""),
        }

    def close(self) -> None:
        """Give the connection up; without one it does nothing."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def _cause(error: OSError, asking: bool) -> str:
    """In the words of kubeslice_sim/model/metric.py; `asking`: the name was not yet resolved."""
    said_no = outcome_of(error) == "blocked"
    return ("unknown name" if said_no else "no DNS answer") if asking else "reset" if said_no else "no answer"


def _failure(error: OSError) -> dict[str, str]:
    return {"outcome": outcome_of(error), "detail": error.strerror or str(error) or type(error).__name__}


def _due_times(spec: dict[str, Any], interval_s: float, *, poisson: bool = False) -> Iterator[tuple[int, float]]:
    """Numbers the attempts and says when each is due, until the count or the duration is reached.

    They are evenly spaced, the first at once, or a Poisson process with this mean interval.
    """
    began_s = due_s = time.monotonic()
    for seq in itertools.count():
        due_s = due_s + random.expovariate(1.0 / interval_s) if poisson else began_s + seq * interval_s
        if spec["count"] is not None and seq >= spec["count"]:
            return
        if spec["duration_s"] is not None and due_s - began_s >= spec["duration_s"]:
            return
        yield seq, due_s


def _report(seq: int, told: dict[str, Any], at_unix_s: float) -> bool:
    line = json.dumps({"seq": seq, "at_unix_s": at_unix_s, "outcome": "ok", "detail": "", **told})
    with _print_lock:
        print(line, flush=True)
    return "outcome" not in told


def _repeat(spec: dict[str, Any]) -> None:
    """lookup, connect and request: one after another, a late one as soon as the one before has ended."""
    action = {"lookup": lookup, "connect": connect, "request": request}[spec["kind"]]
    began_s = time.monotonic()
    for seq, due_s in _due_times(spec, spec["interval_s"]):
        if seq > 0 and spec["duration_s"] is not None and time.monotonic() - began_s >= spec["duration_s"]:
            return  # attempts that waited long have used up the time of those that are still due
        time.sleep(max(0.0, due_s - time.monotonic()))
        at_unix_s = time.time()
        try:
            told = action(spec)
        except OSError as error:
            told = _failure(error)
        if _report(seq, told, at_unix_s) and spec["until_ok"]:
            return


def _closed_loop(spec: dict[str, Any]) -> None:
    """http with a fixed number of clients, each of which waits for its answer and thinks before it asks again."""
    counter = itertools.count()
    began_s = time.monotonic()

    def client() -> None:
        http = HttpClient(spec)
        while spec["duration_s"] is None or time.monotonic() - began_s < spec["duration_s"]:
            seq = next(counter)
            if spec["count"] is not None and seq >= spec["count"]:
                return
            at_unix_s, due_s = time.time(), time.monotonic()
            told = http.request(due_s)
            if _report(seq, told, at_unix_s):
                time.sleep(spec["think_time_s"])
            else:  # a refusal is immediate: do not turn an outage into a busy loop
                time.sleep(max(spec["think_time_s"], spec["interval_s"] - (time.monotonic() - due_s), 0.01))

    clients = [threading.Thread(target=client) for _ in range(spec["connections"])]
    for one in clients:
        one.start()
    for one in clients:
        one.join()


def _open_loop(spec: dict[str, Any]) -> None:
    """http at a fixed rate, whether answers come or not; a client that is free is used again."""
    free: list[HttpClient] = []
    at_work: list[threading.Thread] = []

    def serve(http: HttpClient, seq: int, due_s: float, at_unix_s: float) -> None:
        _report(seq, http.request(due_s), at_unix_s)
        free.append(http)

    interval_s = 1.0 / spec["requests_per_second"]
    for seq, due_s in _due_times(spec, interval_s, poisson=spec["arrivals"] != "even"):
        time.sleep(max(0.0, due_s - time.monotonic()))
        at_work = [one for one in at_work if one.is_alive()]
        at_unix_s = time.time()
        if len(at_work) >= _THREAD_LIMIT:
            said = f"{_THREAD_LIMIT} requests are waiting for an answer already"
            _report(seq, {"outcome": "failed_to_probe", "detail": said}, at_unix_s)
            continue
        http = free.pop() if free else HttpClient(spec)
        thread = threading.Thread(target=serve, args=(http, seq, due_s, at_unix_s))
        at_work.append(thread)
        thread.start()
    for one in at_work:
        one.join()


def main(argument: str) -> None:
    """Does what the JSON object in `argument` says."""
    spec = json.loads(argument)
    if spec["kind"] != "http":
        _repeat(spec)
    elif spec["requests_per_second"] is None:
        _closed_loop(spec)
    else:
        _open_loop(spec)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(0)
