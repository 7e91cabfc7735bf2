from tests.apiserver.fixture import apiserver_binaries, own_apiserver

__all__ = ["apiserver_binaries", "own_apiserver"]
