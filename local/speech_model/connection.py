"""One WebSocket of a client: through the door, through the setup, through the session, to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import WSMsgType, web

from local.speech_model import server_messages as messages
from local.speech_model.client_messages import setup_fields
from local.speech_model.doors import Door, Keys
from local.speech_model.faults import Kind, Moment, Where
from local.speech_model.memory import Saved
from local.speech_model.models import Platform
from local.speech_model.outlet import Outlet
from local.speech_model.record import SessionRecord
from local.speech_model.refusal import DROPPED, INTERNAL, POLICY, Refusal
from local.speech_model.session import Session
from local.speech_model.setup_rules import Setup, read_setup
from local.speech_model.stage import Stage
from local.speech_model.trouble import Trouble
from local.speech_model.usage import Usage

LONGEST_REASON_BYTES = 123
"""Room in a close frame."""
GONE = 1001


class Connection:
    """One client. number: of all attempts to connect, from 1."""

    def __init__(self, request: web.Request, door: Door, stage: Stage, record: SessionRecord) -> None:
        self._request = request
        self._door = door
        self._stage = stage
        self.record = record
        self._socket = web.WebSocketResponse(autoping=False, compress=False, timeout=1.0, max_msg_size=1 << 24)
        self._pong_after_s = 0.0
        self._pongs: set[asyncio.Task[None]] = set()
        self.session: Session | None = None

    async def send(self, frame: bytes) -> None:
        """A binary frame. Raises ConnectionResetError when nobody is there any more."""
        await self._socket.send_bytes(frame)

    async def serve(self, keys: Keys) -> web.WebSocketResponse:
        """To the end."""
        late = self._stage.faults.take((Kind.LATE_PONGS,), Where(Moment.CONNECT, self.record.number))
        if late is not None:
            self._pong_after_s = (late.after_ms or 0) / 1000
        await self._socket.prepare(self._request)
        try:
            await self._converse(keys)
        except* Refusal as refusals:
            await self._refuse(_first(refusals))
        except* ConnectionResetError:
            pass
        finally:
            for pong in self._pongs:
                pong.cancel()
        if self.record.closed is None:
            self.record.closed = {"by": "client", "code": self._socket.close_code}
        return self._socket

    async def leave(self) -> None:
        """The server shuts down."""
        self.record.closed = self.record.closed or {"by": "server", "code": GONE}
        await self._socket.close(code=GONE, message=b"")

    async def _converse(self, keys: Keys) -> None:
        frames = self._frames()
        first = await anext(frames, None)
        if first is None:
            return
        keys.check_session(self._request.headers)
        fields = setup_fields(first)
        self.record.setup = fields
        setup = read_setup(fields, self._door.platform, self._door.api_version)
        trouble = Trouble(self._stage.faults, self.record, Outlet(self, setup, Usage()))
        trouble.states = lambda: frozenset({"start"})
        self.record.dialogue = self._stage.dialogue_for(setup.message.instructions).agent
        await trouble.meet(Moment.SETUP)
        saved = self._saved(setup, trouble)
        session = self._stage.session(self, setup, saved, self.record)
        conversation = session.conversation
        conversation.open_sessions += 1
        try:
            if not await self._complete_setup(trouble):
                async for _ in frames:  # a client that waits in vain
                    pass
                return
            self.session = session
            await session.run(frames)
        finally:
            self.session = None
            conversation.open_sessions -= 1

    def _saved(self, setup: Setup, trouble: Trouble) -> Saved | None:
        if trouble.take((Kind.LOST_HANDLE,), Moment.SETUP):
            raise Refusal(POLICY, "BidiGenerateContent session not found")
        if trouble.take((Kind.STILL_OPEN,), Moment.SETUP):
            raise Refusal(INTERNAL, "Internal error encountered.")
        return self._stage.find(setup, asyncio.get_running_loop().time())

    async def _complete_setup(self, trouble: Trouble) -> bool:
        """Whether setupComplete was sent."""
        if trouble.take((Kind.NO_SETUP_COMPLETE,), Moment.SETUP):
            return False
        slow = trouble.take((Kind.SLOW_SETUP,), Moment.SETUP)
        if slow is not None:
            await asyncio.sleep((slow.after_ms or 0) / 1000)
        named = f"session-{self.record.number}" if self._door.platform is Platform.VERTEX else None
        await self.send(messages.encode(messages.setup_complete(named)))
        return True

    async def _frames(self) -> AsyncIterator[str | bytes]:
        """Text and binary frames; pings are answered on the way."""
        while True:
            message = await self._socket.receive()
            if message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
                yield message.data
            elif message.type is WSMsgType.PING:
                await self._pong(message.data)
            elif message.type is not WSMsgType.PONG:
                return

    async def _pong(self, payload: bytes) -> None:
        if not self._pong_after_s:
            await self._socket.pong(payload)
            return

        async def later() -> None:
            await asyncio.sleep(self._pong_after_s)
            await self._socket.pong(payload)

        pong = asyncio.create_task(later())
        self._pongs.add(pong)
        pong.add_done_callback(self._pongs.discard)

    async def _refuse(self, refusal: Refusal) -> None:
        self.record.closed = {"by": "server", "code": refusal.code, "reason": refusal.reason}
        if refusal.code == DROPPED:
            if self._request.transport is not None:
                self._request.transport.abort()
            return
        reason = refusal.reason.encode()[:LONGEST_REASON_BYTES].decode(errors="ignore").encode()
        await self._socket.close(code=refusal.code, message=reason)


def _first(refusals: BaseExceptionGroup[Refusal]) -> Refusal:
    inner = refusals.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
