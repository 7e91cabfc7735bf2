"""The kernel's packet queue (NFQUEUE) over a raw netlink socket: only metadata comes up, verdicts go down.

The packets themselves stay in the kernel. Messages are those of nfnetlink_queue.h.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct

_NETLINK_NETFILTER = 12
_SOL_NETLINK, _CAP_ACK, _NO_ENOBUFS = 270, 10, 5
_SO_RCVBUFFORCE, _SO_TIMESTAMP = 33, 29
_PACKET, _VERDICT, _CONFIG, _VERDICT_BATCH = 0x300, 0x301, 0x302, 0x303
_REQUEST, _ACK = 0x1, 0x4
_CFG_CMD, _CFG_PARAMS, _CFG_MAXLEN, _CFG_MASK, _CFG_FLAGS = 1, 2, 3, 4, 5
_CMD_BIND, _COPY_META, _FLAG_GSO = 1, 1, 4
_ATTR_TIMESTAMP = 4
_DROP, _ACCEPT = 0, 1

_HEADER = struct.Struct("=HHII")
_PACKET_ID = struct.Struct(">I")
_STAMP = struct.Struct(">QQ")
_ATTRIBUTE = struct.Struct("=HH")
_FIRST_ATTRIBUTE = 20  # after nlmsghdr and nfgenmsg
_ID_AT = _FIRST_ATTRIBUTE + 4  # the kernel puts NFQA_PACKET_HDR first, and the id first in it
_RECEIVE_BYTES = 16 << 20


class PacketQueue:
    """One packet queue of the network namespace of the thread that makes it, or one made elsewhere (`fd`)."""

    def __init__(self, number: int, *, fd: int | None = None) -> None:
        self.number = number
        flags = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_NETLINK, flags, _NETLINK_NETFILTER, fd)
        self._queue = struct.pack(">H", number)
        self._stamp_at = 0
        self._buffer = bytearray(4096)

    def bind(self, *, most_packets: int) -> None:
        """Becomes the queue's listener: up to `most_packets` may wait in it, further ones the kernel drops.

        Raises OSError when the queue has a listener already or the namespace is not ours.
        """
        self._socket.bind((0, 0))
        self._socket.setsockopt(_SOL_NETLINK, _CAP_ACK, 1)
        self._socket.setsockopt(_SOL_NETLINK, _NO_ENOBUFS, 1)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BYTES)
        except PermissionError:  # an ordinary user gets what net.core.rmem_max allows
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        self._configure(_CFG_CMD, struct.pack(">BxH", _CMD_BIND, socket.AF_INET))
        self._configure(_CFG_PARAMS, struct.pack(">IB", 0, _COPY_META))
        self._configure(_CFG_MAXLEN, struct.pack(">I", most_packets))

    def set_segmentation(self, *, whole: bool) -> None:
        """Whether a large (GSO) packet is queued whole, which is fast, or cut to what a wire would carry."""
        flags = _attribute(_CFG_FLAGS, struct.pack(">I", _FLAG_GSO if whole else 0))
        self._send_config(flags + _attribute(_CFG_MASK, struct.pack(">I", _FLAG_GSO)))

    def fileno(self) -> int:
        """The socket's descriptor, readable when a packet waits."""
        return self._socket.fileno()

    def close(self) -> None:
        """Gives the queue up: the kernel drops the packets in it and all that follow."""
        self._socket.close()

    def read(self) -> tuple[int, float] | None:
        """The next packet's id and the time it reached the namespace (Unix time, 0.0 if unknown); None: no more."""
        buffer = self._buffer
        try:
            size = self._socket.recv_into(buffer)
        except BlockingIOError:
            return None
        if _HEADER.unpack_from(buffer, 4)[0] != _PACKET:
            return self.read()  # an answer: to set_segmentation, or that a verdict's packet is gone
        (packet,) = _PACKET_ID.unpack_from(buffer, _ID_AT)
        # The attributes of one queue's packets nearly always lie alike: look where the last stamp was first.
        at = self._stamp_at
        if not at or at + 20 > size or _ATTRIBUTE.unpack_from(buffer, at) != (20, _ATTR_TIMESTAMP):
            at = self._stamp_at = self._find_stamp(size)
            if not at:
                return packet, 0.0
        seconds, microseconds = _STAMP.unpack_from(buffer, at + 4)
        return packet, seconds + microseconds * 1e-6

    def accept_up_to(self, packet: int) -> None:
        """Lets every packet go on its way that came no later than this one."""
        self._verdict(_VERDICT_BATCH, _ACCEPT, packet)

    def drop(self, packet: int) -> None:
        """Drops this packet."""
        self._verdict(_VERDICT, _DROP, packet)

    def _verdict(self, kind: int, verdict: int, packet: int) -> None:
        body = struct.pack(">II", verdict, packet)
        message = struct.pack("=IHHII", 32, kind, _REQUEST, 0, 0) + b"\0\0" + self._queue + b"\x0c\0\2\0" + body
        with contextlib.suppress(FileNotFoundError):  # gone with its device
            self._socket.send(message)

    def _find_stamp(self, size: int) -> int:
        at = _FIRST_ATTRIBUTE
        while at + 4 <= size:
            length, kind = _ATTRIBUTE.unpack_from(self._buffer, at)
            if kind == _ATTR_TIMESTAMP:
                return at
            at += (length + 3) & ~3
        return 0

    def _configure(self, kind: int, payload: bytes) -> None:
        self._send_config(_attribute(kind, payload))
        self._socket.setblocking(True)
        answer = self._socket.recv(4096)
        self._socket.setblocking(False)
        (number,) = struct.unpack_from("=i", answer, 16)
        if number:
            raise OSError(-number, f"packet queue {self.number}: {os.strerror(-number)}")

    def _send_config(self, attributes: bytes) -> None:
        size = 20 + len(attributes)
        self._socket.send(
            struct.pack("=IHHII", size, _CONFIG, _REQUEST | _ACK, 0, 0) + b"\0\0" + self._queue + attributes
        )


def switch_on_arrival_stamps() -> socket.socket:
    """Makes the kernel stamp arriving packets for as long as the socket returned is open."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMP, 1)
    return listener


def _attribute(kind: int, payload: bytes) -> bytes:
    return _ATTRIBUTE.pack(4 + len(payload), kind) + payload + b"\0" * (-len(payload) % 4)
