"""Forgetting connections that the kernel tracks, as kube-proxy does when a UDP node port gets another pod behind it.

Without it a peer that keeps sending, as WireGuard with its keepalive does, holds the old translation for ever.
"""

from __future__ import annotations

import socket

from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.nfnetlink.nfctsocket import NFCTAttrTuple, NFCTSocket

from emulator.netns import Namespace


def forget_udp(namespace: Namespace, port: int) -> int:
    """Forgets the tracked UDP flows that were first sent to `port`, and returns how many there were."""
    return namespace.call(_forget_udp_here, port)


def _forget_udp_here(port: int) -> int:
    forgotten = 0
    with NFCTSocket() as tracker:
        for entry in tuple(tracker.dump()):
            first = NFCTAttrTuple.from_netlink(socket.AF_INET, entry.get_attr("CTA_TUPLE_ORIG"))
            if first.proto == socket.IPPROTO_UDP and first.dport == port:
                try:
                    tracker.entry("del", tuple_orig=first)
                except NetlinkError as error:
                    if error.code != 2:  # ENOENT: it timed out meanwhile
                        raise
                forgotten += 1
    return forgotten
