"""The speech-model port on Gemini Live, by google-genai: the Developer API or Vertex AI.

developer_api() and vertex_ai() import the SDK and make its client, which takes a second of CPU in a new process:
call them when the process starts. One model serves every call; sessions are opened from it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed

from functions.voice.speech import failures
from functions.voice.speech.connection import SpeechConnection
from functions.voice.speech.model import SessionSetup, SpeechEvent, SpeechUnavailable, ToolAnswer
from functions.voice.speech.profile import Platform, profile_of, warnings
from functions.voice.speech.wire import STALLED_BYTES, Wire, wire_of
from shared.genai import loopback_credentials, tls_context

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from google.genai import Client
    from google.genai.live import AsyncSession

log = logging.getLogger(__name__)

OPEN_TIMEOUT_S: Final = 8.0
"""From connecting to a session that is set up: longer, and the caller has hung up."""
SEND_TIMEOUT_S: Final = 5.0
CLOSE_TIMEOUT_S: Final = 1.0
LOOK_AGAIN_S: Final = 0.005
LIST_TIMEOUT_MS: Final = 8_000


def developer_api(
    api_key: str, *, base_url: str | None = None, api_version: str = "v1beta", open_timeout_s: float = OPEN_TIMEOUT_S
) -> GeminiLive:
    """Gemini Live on the Developer API. Live is documented for v1beta alone, which is not the SDK's default."""
    from google import genai

    client = genai.Client(vertexai=False, api_key=api_key, http_options=_http_options(base_url, api_version))
    return GeminiLive(client, Platform.DEVELOPER, open_timeout_s)


def vertex_ai(
    project: str,
    location: str,
    *,
    base_url: str | None = None,
    credentials: Credentials | None = None,
    api_version: str = "v1beta1",
    open_timeout_s: float = OPEN_TIMEOUT_S,
) -> GeminiLive:
    """Gemini Live on Vertex AI, with the surroundings' own credentials unless others are given.

    A stand-in on loopback gets a placeholder: a real token has no business there.
    """
    from google import genai

    if not project or not location or location == "global":
        raise ValueError("Vertex AI needs a project, and a region to voice calls in; Live is not served from 'global'")
    if credentials is None and _is_loopback(base_url):
        credentials = loopback_credentials()
    client = genai.Client(
        vertexai=True,
        project=project,
        location=location,
        credentials=credentials,
        http_options=_http_options(base_url, api_version),
    )
    return GeminiLive(client, Platform.VERTEX, open_timeout_s)


class GeminiLive:
    """A place that voices agents: one client for the whole process."""

    def __init__(self, client: Client, platform: Platform, open_timeout_s: float = OPEN_TIMEOUT_S) -> None:
        self._client = client
        self._platform = platform
        self._open_timeout_s = open_timeout_s

    def listed(self) -> frozenset[str]:
        """Ids of the models that the service names. Blocks, so not for the event loop; any error is the SDK's own."""
        pages = self._client.models.list(config={"http_options": {"timeout": LIST_TIMEOUT_MS}})
        return frozenset((model.name or "").rpartition("/")[2] for model in pages)

    async def open(self, setup: SessionSetup) -> GeminiSession:
        """A session that is set up and listening. Raises SpeechRefused or SpeechUnavailable."""
        told = warnings(setup, self._platform)
        for warning in told:
            log.warning(warning, extra={"model": setup.model, "platform": self._platform.value})
        connection = self._connected(setup)
        try:
            async with asyncio.timeout(self._open_timeout_s):
                session = await connection.__aenter__()
        except Exception as error:
            raise failures.opening_failure(error) from None
        profile = profile_of(setup.model, self._platform)
        return GeminiSession(session, connection, told, takes_context=profile.takes_context)

    @asynccontextmanager
    async def _connected(self, setup: SessionSetup) -> AsyncIterator[AsyncSession]:
        from functions.voice.speech.session_config import connect_config, history_of

        config = connect_config(setup, self._platform)
        async with self._client.aio.live.connect(model=setup.model, config=config) as session:
            if session.setup_complete is None:
                raise SpeechUnavailable("the speech model answered, but not that it is set up")
            if history := history_of(setup):
                # An announced history is over with turn_complete; one that is just sent must not ask for an answer.
                announced = profile_of(setup.model, self._platform).announces_history
                await session.send_client_content(turns=list(history), turn_complete=announced)
            yield session


class GeminiSession:
    """One open conversation with the model."""

    def __init__(
        self,
        session: AsyncSession,
        connection: AbstractAsyncContextManager[AsyncSession],
        told: Sequence[str],
        *,
        takes_context: bool = False,
    ) -> None:
        self._session = session
        self._connection = connection
        self._wire: Wire = wire_of(session)
        self._closed = False
        self._takes_context = takes_context
        self._context = ""
        """What goes with the next text."""
        self._turn_open = False
        """The caller's turn, where we say when it begins and ends."""
        self.warnings = tuple(told)
        """What of the setup the model will not honour."""

    def send_audio(self, pcm: bytes) -> None:
        """The caller's voice: PCM16 at 16 kHz, any even length. Raises SessionEnded."""
        try:
            self._wire.send_audio(pcm)
        except ConnectionClosed as closed:
            raise self._ended(closed) from None

    def take(self, taker: Callable[[Sequence[SpeechEvent]], None] | None) -> None:
        """Give each message to this as soon as it is here; what it raises comes out of receive()."""
        self._wire.take(taker)

    async def receive(self) -> Sequence[SpeechEvent]:
        """What the next message holds, in the order told in server_message; empty when it says nothing that matters."""
        from google.genai.errors import APIError

        try:
            return await self._wire.receive()
        except ConnectionClosed as closed:
            raise self._ended(closed) from None
        except APIError as error:
            raise failures.ended(error.code or failures.LOST, str(error.details), by_us=self._closed) from None

    async def send_text(self, text: str) -> None:
        """Say something to the model that the caller did not say; it answers by voice."""
        context, self._context = self._context, ""
        async with self._sending():
            await self._session.send_realtime_input(text=f"{context} {text}" if context else text)

    async def add_context(self, text: str) -> bool:
        """Something to know and not to answer; whether it has been sent. Where it may not go alone it goes with the
        caller's turn, if we say when that begins and it has; otherwise the last one waits for the next text.

        Text in the middle of a turn of ours is a part of it by Google's reference: activity alone ends such a turn.
        """
        if not self._takes_context and not self._turn_open:
            self._context = text
            return False
        if not self._takes_context:
            await self.send_text(text)
            return True
        from google.genai import types

        async with self._sending():
            turn = types.Content(role="user", parts=[types.Part(text=text)])
            await self._session.send_client_content(turns=turn, turn_complete=False)
        return True

    def send_activity(self, started: bool) -> None:
        """The caller began or stopped speaking. Raises SessionEnded."""
        self._turn_open = started
        try:
            self._wire.send_activity(started)
        except ConnectionClosed as closed:
            raise self._ended(closed) from None

    async def flush(self) -> None:
        """Wait until the network has taken most of what was sent. Raises SessionEnded when it does not."""
        async with self._sending():
            while self._wire.unsent_bytes > STALLED_BYTES // 4:  # noqa: ASYNC110  a transport tells nobody
                await asyncio.sleep(LOOK_AGAIN_S)

    async def send_tool_answers(self, answers: Sequence[ToolAnswer]) -> None:
        """Results of tool calls."""
        from functions.voice.speech.session_config import function_response

        async with self._sending():
            await self._session.send_tool_response(function_responses=[function_response(one) for one in answers])

    @asynccontextmanager
    async def _sending(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                yield
        except ConnectionClosed as closed:
            raise self._ended(closed) from None
        except TimeoutError:
            raise failures.ended(failures.LOST, "sending took too long", by_us=self._closed) from None

    def _ended(self, closed: ConnectionClosed) -> Exception:
        return failures.ended(*failures.close_of(closed), by_us=self._closed)

    async def close(self) -> None:
        """End the session, within a second whatever the other side does."""
        if self._closed:
            return
        self._closed = True
        try:
            with suppress(Exception):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await self._connection.__aexit__(None, None, None)
        finally:
            self._wire.abort()


def _http_options(base_url: str | None, api_version: str) -> Any:
    from google.genai import types

    certificates = ssl.get_default_verify_paths()
    context = tls_context(certificates.cafile, certificates.capath)
    # Without pings: Google's answers to them can take 30 s, and the kernel notices a dead peer (wire.py).
    socket: dict[str, Any] = {
        "ssl": context,
        "open_timeout": 5,
        "close_timeout": 0.8,
        "ping_interval": None,
        "compression": None,
        "max_queue": 256,
        "max_size": 8 * 1024 * 1024,
        "write_limit": 2 * STALLED_BYTES,
        "create_connection": SpeechConnection,
    }
    if _is_loopback(base_url):
        socket["proxy"] = None
    return types.HttpOptions(
        base_url=base_url,
        api_version=api_version,
        async_client_args={**socket, "verify": context},
        client_args={"verify": context},
    )


def _is_loopback(base_url: str | None) -> bool:
    host = (urlsplit(base_url).hostname or "") if base_url else ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
