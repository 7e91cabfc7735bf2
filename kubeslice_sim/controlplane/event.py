"""What a fleet tells of itself: events by KubeSlice's names, and every change of a tunnel's state."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that a controller did. ``subject`` is the object's key as text; ``cluster`` where it happened."""

    at_s: float
    name: str
    cluster: str
    subject: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelTransition:
    """The sidecar of one tunnel's end changed its mind; ``pod`` is the gateway deployment's name.

    ``retired``: it went with its pod, which Kubernetes was asked to delete; nothing had broken.
    """

    at_s: float
    slice: str
    cluster: str
    peer: str
    pod: str
    up: bool
    retired: bool = False
