"""The one private attribute of the SDK that we use, held against the release that is installed and pinned."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import google.genai
import pytest
from websockets.asyncio.client import ClientConnection

from functions.voice.speech.gemini import developer_api
from functions.voice.speech.model import SessionSetup
from functions.voice.speech.wire import DEAD_PEER_MS, SDK_MAJOR, LightWire, wire_of
from tests.voice.speech.gemini_server import GeminiServer

pytestmark = pytest.mark.portable

REQUIREMENTS = Path(__file__).parents[3] / "requirements.txt"
SETUP = SessionSetup("gemini-3.1-flash-live-preview", "", "Kore")


def test_the_installed_sdk_is_the_pinned_one_and_one_we_know() -> None:
    """When this fails after an upgrade: the tests beside it say whether the light way still holds."""
    pinned = re.search(r"^google-genai==(\S+)", REQUIREMENTS.read_text(), re.M)
    assert pinned is not None
    assert google.genai.__version__ == pinned[1]
    assert pinned[1].split(".")[0] == SDK_MAJOR


async def test_a_session_of_the_sdk_takes_the_light_way(gemini: GeminiServer) -> None:
    opened = await developer_api("k", base_url=gemini.url).open(SETUP)
    assert isinstance(opened._session._ws, ClientConnection)
    assert isinstance(wire_of(opened._session), LightWire)
    await opened.close()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux only")
async def test_the_kernel_watches_for_a_dead_peer(gemini: GeminiServer) -> None:
    opened = await developer_api("k", base_url=gemini.url).open(SETUP)
    tcp = opened._session._ws.transport.get_extra_info("socket")
    assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == DEAD_PEER_MS
    assert opened._session._ws.ping_interval is None
    await opened.close()
