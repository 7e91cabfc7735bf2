"""What an API server can answer when it does not do what was asked, as data, and what that means to the user."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from kubeslice_sim.errors import KubesliceSimError

_WEBHOOK = re.compile(r'^admission webhook "([^"]+)" denied the request:?\s*')
_UNTYPED = "failed to create typed patch object"
_TYPED_PROBLEM = re.compile(r"(?:^|\s)\.(\S+?): (.+)$", re.MULTILINE)
_STRICT = re.compile(r'unknown field "([^"]+)"')
_UNKNOWN = {"field not declared in schema": "unknown field"}
_CONFLICT_MANAGER = re.compile(r'conflict with "([^"]+)"')


class DeployFailedError(KubesliceSimError):
    """A cluster said no for a reason that is not the world's fault (a conflict, a foreign object, a time limit)."""

    exit_code = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One thing that the API server complains about: the field (may be empty) and its words."""

    field: str
    message: str


class ApiFailure(KubesliceSimError):
    """The API server's answer was not 2xx: HTTP status, Kubernetes' reason, message and causes."""

    exit_code = 1

    def __init__(
        self, *, status: int, reason: str, message: str, causes: tuple[Cause, ...] = (), context: str = ""
    ) -> None:
        super().__init__(f"the API server of context {context!r} answers {status} {reason}: {message}")
        self.status, self.reason, self.message, self.causes = status, reason, message, causes

    @classmethod
    def parse(cls, status: int, body: str | bytes | None, *, context: str = "") -> ApiFailure:
        """Read the Status object of an answer; a body that is none (a proxy's page, say) becomes a short message."""
        text = body.decode(errors="replace") if isinstance(body, bytes) else body or ""
        try:
            answer: Any = json.loads(text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or answer.get("kind") != "Status":
            words = " ".join(text.split())[:200] or _phrase(status)
            return cls(status=status, reason=_phrase(status), message=words, context=context)
        message = str(answer.get("message") or _phrase(status))
        told = (answer.get("details") or {}).get("causes") or ()
        causes = tuple(Cause(field=str(one.get("field", "")), message=str(one.get("message", ""))) for one in told)
        reason, causes = str(answer.get("reason") or ""), causes or _causes_in_text(message)
        return cls(status=status, reason=reason, message=message, causes=causes, context=context)

    @property
    def webhook(self) -> str:
        """The admission webhook that refused, or the empty string."""
        found = _WEBHOOK.match(self.message)
        return found[1] if found else ""

    @property
    def words(self) -> str:
        """The message without the webhook's name in front."""
        return _WEBHOOK.sub("", self.message)

    @property
    def is_field_conflict(self) -> bool:
        """Another field manager owns a field that was to be applied with another value."""
        return self.status == HTTPStatus.CONFLICT and bool(_CONFLICT_MANAGER.search(self._conflict_text))

    @property
    def managers(self) -> tuple[str, ...]:
        """The field managers that a conflict is with."""
        return tuple(dict.fromkeys(_CONFLICT_MANAGER.findall(self._conflict_text)))

    @property
    def is_untyped(self) -> bool:
        """Server-side apply could not read the object by its schema: it answers 500 and names the first field only."""
        return self.message.startswith(_UNTYPED)

    @property
    def is_forbidden(self) -> bool:
        """The user of this context may not do that (RBAC), or is not known at all."""
        says_cannot = self.status == HTTPStatus.FORBIDDEN and " cannot " in self.message and not self.webhook
        return self.status == HTTPStatus.UNAUTHORIZED or says_cannot

    @property
    def is_refusal(self) -> bool:
        """The object itself is wrong: schema, unknown field, validation or webhook; trying again does not help."""
        if self.webhook or self.is_untyped:
            return True
        return self.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)

    @property
    def is_passing(self) -> bool:
        """The API server is busy or starting: the same request may work a moment later."""
        if self.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT):
            return True
        return self.reason in ("ServerTimeout", "Timeout")

    @property
    def _conflict_text(self) -> str:
        return "\n".join((self.message, *(cause.message for cause in self.causes)))


def _causes_in_text(message: str) -> tuple[Cause, ...]:
    if message.startswith(_UNTYPED):
        found = _TYPED_PROBLEM.findall(message)
        return tuple(Cause(field=path, message=_UNKNOWN.get(words, words)) for path, words in found)
    return tuple(Cause(field=path, message="unknown field") for path in _STRICT.findall(message))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"HTTP {status}"
