"""paramiko's transport with a bound for what a host may make it read.

A host chooses the length of each packet, also before anybody has logged in. Without a bound, a
packet of 4 GB is read into memory.
"""

from __future__ import annotations

from functools import partial

import paramiko
from paramiko.packet import Packetizer

#: Longest packet, in bytes. RFC 4253 asks for 35,000; OpenSSH sends at most 256 KiB.
LONGEST_PACKET = 1024 * 1024
#: Most bytes before the line that begins with `SSH-`.
LONGEST_BANNER = 64 * 1024


class BoundedPacketizer(Packetizer):
    """Reads packets and the lines before them; what is longer than any host sends is refused."""

    _banner = 0

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:
        """Called by paramiko for the parts of a packet. Raises SSHException."""
        if n > LONGEST_PACKET:
            raise paramiko.SSHException(f"a packet of {n} bytes")
        read: bytes = super().read_all(n, check_rekey)
        return read

    def _read_timeout(self, timeout: float) -> bytes:
        """Called by paramiko for each piece of the lines before the first packet."""
        read: bytes = super()._read_timeout(timeout)  # type: ignore[misc]
        self._banner += len(read)
        if self._banner > LONGEST_BANNER:
            raise paramiko.SSHException("too much before its version")
        return read


#: What `SSHClient.connect` makes its transport with.
bounded_transport = partial(paramiko.Transport, packetizer_class=BoundedPacketizer)
