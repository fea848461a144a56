"""A Cloud Storage emulator for tests, spoken to by the real SDK."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from gcp_storage_emulator.server import create_server

BUCKET = "recordings"


@contextmanager
def cloud_storage() -> Iterator[str]:
    """Address of an emulator with an empty bucket; STORAGE_EMULATOR_HOST points to it meanwhile."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for noisy in ("gcp_storage_emulator", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket=BUCKET)
    server.start()
    before = os.environ.get("STORAGE_EMULATOR_HOST")
    os.environ["STORAGE_EMULATOR_HOST"] = f"http://127.0.0.1:{port}"
    try:
        yield os.environ["STORAGE_EMULATOR_HOST"]
    finally:
        os.environ.pop("STORAGE_EMULATOR_HOST", None)
        if before is not None:
            os.environ["STORAGE_EMULATOR_HOST"] = before
        server.stop()
