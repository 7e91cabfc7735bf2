"""Node names: what we call a worker cluster's nodes, which no document of KubeSlice's names."""

from __future__ import annotations


def gateway_node(cluster: str, ordinal: int) -> str:
    """A node labelled ``kubeslice.io/node-type=gateway``; ordinals count from 1."""
    return f"{cluster}-gw-{ordinal}"


def app_node(cluster: str, ordinal: int) -> str:
    """A node for applications only; ordinals count from 1."""
    return f"{cluster}-app-{ordinal}"
