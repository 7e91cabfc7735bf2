"""pytest fixtures over the test API servers; a missing piece is a skip that says what to install."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator

import pytest

from tests.apiserver.build import Binaries, CannotProvideError, provide
from tests.apiserver.server import CONTEXTS, ApiServers, api_servers


@pytest.fixture(scope="session")
def apiserver_binaries(request: pytest.FixtureRequest) -> Binaries:
    """kube-apiserver and etcd; the first run on a machine builds the former, with progress lines on the terminal."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n{line}", file=sys.stderr, flush=True)

    try:
        return provide(say)
    except CannotProvideError as problem:
        pytest.skip(str(problem))


@pytest.fixture(scope="session")
def apiserver(apiserver_binaries: Binaries) -> Iterator[ApiServers]:
    """Three API servers (contexts controller, worker-1, worker-2) for the whole run: never stop these in a test."""
    with api_servers(CONTEXTS, apiserver_binaries) as servers:
        yield servers


@pytest.fixture
def own_apiserver(apiserver_binaries: Binaries) -> Iterator[ApiServers]:
    """One API server (context controller) of the test's own, which it may stop and start."""
    with api_servers(["controller"], apiserver_binaries) as servers:
        yield servers


@pytest.fixture
def project_name() -> str:
    """A project name no other test has: namespaces are never deleted for good without kube-controller-manager."""
    return f"t{uuid.uuid4().hex[:8]}"
