"""What an API server answers when it does not do what it was asked."""

from __future__ import annotations

from kubeslice_sim.errors import KubesliceSimError
from kubeslice_sim.model.document import ObjectKey


class Refused(KubesliceSimError):
    """A request that changed nothing; ``code`` is the HTTP status that Kubernetes uses."""

    code = 422

    def __init__(self, key: ObjectKey, why: str) -> None:
        self.key = key
        super().__init__(f"{key}: {why}")


class NotFound(Refused):
    """There is no such object."""

    code = 404

    def __init__(self, key: ObjectKey) -> None:
        super().__init__(key, "not found; create it first, or look at its namespace and name")


class AlreadyExists(Refused):
    """An object of that key stands there already."""

    code = 409

    def __init__(self, key: ObjectKey, *, deleting: bool = False) -> None:
        super().__init__(
            key, "is being deleted; wait until it is gone" if deleting else "already exists; update it instead"
        )


class Conflict(Refused):
    """The object changed since it was read."""

    code = 409

    def __init__(self, key: ObjectKey, sent: str, held: str, field: str = "resourceVersion") -> None:
        super().__init__(key, f"{field} {sent} was sent but {held} is held; read it again and retry")


class Denied(Refused):
    """A rule of the API server or of one of KubeSlice's webhooks is against it; ``field`` as the server names it."""

    code = 403

    def __init__(self, key: ObjectKey, rule: str, field: str, message: str) -> None:
        self.rule, self.field = rule, field
        super().__init__(key, f"{f'{field}: ' if field else ''}{message} [{rule}]")


class Terminating(Refused):
    """The namespace goes, and takes nothing new in."""

    code = 403

    def __init__(self, key: ObjectKey) -> None:
        super().__init__(key, f"the namespace {key.namespace} is being terminated; wait until it is gone")


class Kept(Refused):
    """Kubernetes lets nobody delete it."""

    code = 403

    def __init__(self, key: ObjectKey) -> None:
        super().__init__(key, "this namespace may not be deleted; delete what stands in it")


class Unavailable(Refused):
    """The API server did not answer; whether the request had its effect is not known."""

    code = 503

    def __init__(self, key: ObjectKey) -> None:
        super().__init__(key, "the API server did not answer; try again")


class Expired(KubesliceSimError):
    """A watch asked for changes that the log has forgotten."""

    code = 410

    def __init__(self, after: int) -> None:
        super().__init__(f"the log does not reach back to resourceVersion {after}; list again and watch from there")


class TooLarge(KubesliceSimError):
    """A watch asked for changes after one that has not happened yet (``ResourceVersionTooLarge``)."""

    code = 504

    def __init__(self, after: int, newest: int) -> None:
        super().__init__(f"Too large resource version: {after}, current: {newest}; list again and watch from there")
