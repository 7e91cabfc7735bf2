"""What this kernel can do, asked of the kernel."""

from __future__ import annotations

from pathlib import Path

_CAP_NET_ADMIN = 12
_CAP_SYS_ADMIN = 21


def has_admin_capabilities() -> bool:
    """Whether this process may make namespaces without a user namespace of its own (root, but not in any container)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            held = int(line.split()[1], 16)
            return all(held >> capability & 1 for capability in (_CAP_NET_ADMIN, _CAP_SYS_ADMIN))
    return False


def why_no_user_namespaces() -> str | None:
    return None
