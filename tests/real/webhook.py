"""A validating admission webhook over TLS, so that refusals come from a real API server in the real form."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from real.connection import Connection, Kind
from tests.apiserver.server import ApiServers

NAME = "vsliceconfig.kb.io"
_KIND = Kind(api_version="admissionregistration.k8s.io/v1", kind="ValidatingWebhookConfiguration",
             plural="validatingwebhookconfigurations", namespaced=False)  # fmt: skip
Judge = Callable[[dict[str, Any]], str]
"""Takes the admission request, returns why it is denied, or the empty string."""


@contextmanager
def slice_webhook(servers: ApiServers, connection: Connection, namespace: str, judge: Judge) -> Iterator[None]:
    """Every create, update and delete of a SliceConfig in this namespace (real or dry) is judged by ``judge``."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
            reason = judge(request)
            verdict: dict[str, Any] = {"uid": request["uid"], "allowed": not reason}
            if reason:  # as controller-runtime answers a field error
                verdict["status"] = {"code": 422, "reason": "Invalid", "message": reason}
            answer = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": verdict}
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(servers.folder / "server.crt", servers.folder / "server.key")
    server.socket = trust.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    authority = base64.b64encode((servers.folder / "ca.crt").read_bytes()).decode()
    configuration = {
        "apiVersion": _KIND.api_version, "kind": _KIND.kind, "metadata": {"name": f"slices-{namespace}"},
        "webhooks": [{
            "name": NAME, "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Fail",
            "clientConfig": {"url": f"https://127.0.0.1:{server.server_port}/", "caBundle": authority},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "rules": [{"apiGroups": ["controller.kubeslice.io"], "apiVersions": ["*"], "resources": ["sliceconfigs"],
                       "operations": ["CREATE", "UPDATE", "DELETE"]}],
        }],
    }  # fmt: skip
    live = connection.apply(_KIND, configuration, dry_run=False)
    try:
        yield
    finally:
        connection.delete(_KIND, "", f"slices-{namespace}", uid=live["metadata"]["uid"])
        server.shutdown()
        thread.join()
        server.server_close()
