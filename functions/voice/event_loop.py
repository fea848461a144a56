"""The event loop that carries calls: uvloop where it exists, with transports that are quicker than its own.

aiofastnet encrypts straight between OpenSSL and the socket; asyncio and uvloop go through Python's memory buffers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

log = logging.getLogger(__name__)

TLS_BUFFER_BYTES = 2 * (16 * 1024 + 64)
"""Two records of TLS, each way, for each connection: many messages of the model's. aiofastnet's own size is sixteen,
half a megabyte for a call, of which it may come to touch all."""


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A loop, made the current one."""
    loop = _plain()()
    try:
        from aiofastnet import patch_loop
        from aiofastnet.constants import SSL_BIO_SIZE_DEFAULTS
    except ImportError:
        log.warning("aiofastnet is not there; calls cost more")
    else:
        for way in SSL_BIO_SIZE_DEFAULTS:
            SSL_BIO_SIZE_DEFAULTS[way] = TLS_BUFFER_BYTES
        patch_loop(loop)
    asyncio.set_event_loop(loop)
    return loop


def _plain() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        from uvloop import new_event_loop as made
    except ImportError:
        return asyncio.new_event_loop
    return made
