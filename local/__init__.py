"""A laptop's stand-ins and the programs that use them. Nothing in Parley imports anything of this."""

from __future__ import annotations

import socket


def free_port() -> int:
    """A port of this machine that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
