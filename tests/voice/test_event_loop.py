"""The loop that carries calls: TLS with small buffers, through which everything still comes."""

from __future__ import annotations

import asyncio
import ssl

import pytest
import trustme

from functions.voice.event_loop import TLS_BUFFER_BYTES, new_event_loop

LARGE = bytes(range(256)) * 8_192
"""2 MB, sixty times what a buffer holds."""


async def echo(authority: trustme.CA, sound: bytes) -> bytes:
    """What comes back of it, through TLS both ways."""
    ours, theirs = ssl.create_default_context(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.configure_trust(ours)
    authority.issue_cert("localhost").configure_cert(theirs)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(100_000):
            writer.write(piece)
            await writer.drain()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=theirs) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=ours, server_hostname="localhost")
        writer.write(sound)
        came = await reader.readexactly(len(sound))
        writer.close()
        return came


@pytest.mark.parametrize("size", [1, TLS_BUFFER_BYTES - 1, TLS_BUFFER_BYTES, TLS_BUFFER_BYTES + 1, len(LARGE)])
def test_what_is_larger_than_a_buffer_of_tls_comes_through_whole(size: int) -> None:
    loop = new_event_loop()
    try:
        came = loop.run_until_complete(asyncio.wait_for(echo(trustme.CA(), LARGE[:size]), 20))
        assert came == LARGE[:size]
    finally:
        loop.close()
        asyncio.set_event_loop(None)


def test_a_connection_holds_two_records_each_way() -> None:
    constants = pytest.importorskip("aiofastnet.constants")
    new_event_loop().close()
    asyncio.set_event_loop(None)
    assert constants.SSL_BIO_SIZE_DEFAULTS == {
        "ssl_incoming_bio_size": TLS_BUFFER_BYTES,
        "ssl_outgoing_bio_size": TLS_BUFFER_BYTES,
    }
