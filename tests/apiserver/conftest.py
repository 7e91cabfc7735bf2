from tests.apiserver.fixture import apiserver_binaries

__all__ = ["apiserver_binaries"]
