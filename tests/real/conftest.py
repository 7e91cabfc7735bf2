from tests.apiserver.fixture import apiserver, apiserver_binaries, own_apiserver, project_name

__all__ = ["apiserver", "apiserver_binaries", "own_apiserver", "project_name"]
