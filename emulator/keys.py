"""WireGuard keys: made here, held in memory, never shown.

A private key leaves its object in one way only, `PrivateKey.reveal`, for the control sockets of WireGuard. Its repr,
str, pickle and hash tell nothing, so it cannot slip into a log line, a report or a plan.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import NoReturn, final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kubeslice_sim.errors import BadInput

KEY_BYTES = 32


@dataclass(frozen=True, slots=True, order=True)
class PublicKey:
    """A peer's X25519 public key in WireGuard's text form: 44 characters of base64. Raises BadInput if it is not."""

    base64: str

    def __post_init__(self) -> None:
        _decode(self.base64, "public key")

    @property
    def hex(self) -> str:
        """The form the user-space control socket wants: 64 lower-case digits."""
        return _decode(self.base64, "public key").hex()

    @classmethod
    def from_hex(cls, text: str) -> PublicKey:
        """The key that the user-space control socket printed. Raises BadInput if it is no key."""
        try:
            raw = bytes.fromhex(text)
        except ValueError as error:
            raise BadInput("a WireGuard public key in hexadecimal has 64 digits 0-9a-f") from error
        return cls(base64.b64encode(raw).decode())

    def __str__(self) -> str:
        return self.base64


@final
class PrivateKey:
    """An X25519 private key which shows itself to nobody; two are equal when their bytes are."""

    __slots__ = ("_raw",)

    def __init__(self, raw: bytes) -> None:
        if len(raw) != KEY_BYTES:
            raise BadInput(f"a WireGuard private key has {KEY_BYTES} bytes, not {len(raw)}")
        self._raw = raw

    @classmethod
    def generate(cls) -> PrivateKey:
        """A fresh key from the operating system's random source."""
        return cls(X25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def from_base64(cls, text: str) -> PrivateKey:
        """The key in WireGuard's text form. Raises BadInput, without the text, if it is none."""
        return cls(_decode(text, "private key"))

    def public(self) -> PublicKey:
        """The public key that belongs to it."""
        public = X25519PrivateKey.from_private_bytes(self._raw).public_key()
        return PublicKey(base64.b64encode(public.public_bytes_raw()).decode())

    def reveal(self) -> bytes:
        """The 32 secret bytes. Only for writing to a WireGuard control socket; never print, log or store them."""
        return self._raw

    def __repr__(self) -> str:
        return "PrivateKey(hidden)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PrivateKey) and hmac.compare_digest(self._raw, other._raw)

    def __hash__(self) -> int:
        return hash(self.public())

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is not pickled or copied: it stays in the process that made it")


def _decode(text: str, what: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        # The text itself is not repeated: it may be a private key that stands in the wrong place.
        raise BadInput(f"a WireGuard {what} is 44 characters of base64 that hold {KEY_BYTES} bytes")
    return raw
