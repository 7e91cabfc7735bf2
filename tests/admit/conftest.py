"""A real API server to compare with."""

from __future__ import annotations

from tests.apiserver.fixture import apiserver_binaries, own_apiserver

__all__ = ["apiserver_binaries", "own_apiserver"]
