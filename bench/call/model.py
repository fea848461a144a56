"""A lean Gemini Live: hears by loudness, thinks for a fixed time, answers in bursts, interrupts itself.

It costs a tenth of what the local speech model does, so that the other core can carry the world of some hundred calls.
"""

from __future__ import annotations

import asyncio
import audioop
import ssl
from base64 import b64encode
from binascii import a2b_base64
from typing import Any, ClassVar, Final

import picows

from bench.call import shape
from bench.call.shape import ANSWER_MS, BURST, CHUNK_MS, LOUD_FRAMES, LOUD_RMS, QUIET_FRAMES, THINK_MS

BINARY: Final = picows.WSMsgType.BINARY
FROM_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
"""The SDK writes the other base64."""
SETUP_COMPLETE: Final = b'{"setupComplete":{}}'
INTERRUPTED: Final = b'{"serverContent":{"interrupted":true}}'
GENERATED: Final = b'{"serverContent":{"generationComplete":true}}'
TURN_COMPLETE: Final = (
    b'{"serverContent":{"turnComplete":true},"usageMetadata":{"promptTokenCount":200,"responseTokenCount":75,'
    b'"totalTokenCount":275,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":200}],'
    b'"responseTokensDetails":[{"modality":"AUDIO","tokenCount":75}]}}'
)
HANDLE: Final = b'{"sessionResumptionUpdate":{"newHandle":"as-it-was","resumable":true}}'
HEARD: Final = b'{"serverContent":{"inputTranscription":{"text":" when are you open on Monday?"}}}'


def spelled(text: str) -> tuple[bytes, ...]:
    return tuple(
        f'{{"serverContent":{{"outputTranscription":{{"text":" {word}"}}}}}}'.encode() for word in text.split()
    )


GREETING: Final = spelled("Hello! This is Tara at Asha Clinic. This call is recorded. How can I help you?")
"""From here on the caller is recorded as well."""
WORDS: Final = spelled("We are open from nine in the morning to seven in the evening on Monday.")
WORD_EVERY: Final = 5
"""Chunks: 200 ms of speech."""


def audio_messages() -> tuple[bytes, ...]:
    head = b'{"serverContent":{"modelTurn":{"parts":[{"inlineData":{"mimeType":"audio/pcm;rate=24000","data":"'
    return tuple(head + b64encode(chunk) + b'"}}]}}}' for chunk in shape.answer_chunks())


class Listening(picows.WSListener):
    """One session."""

    sessions: ClassVar[int] = 0
    """Opened so far."""

    def __init__(self, messages: tuple[bytes, ...]) -> None:
        self._messages = messages
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._partial = bytearray()
        self._waiting = b""
        self._loud = self._quiet = 0
        self._speaking = False
        self._due: asyncio.TimerHandle | None = None
        self._end: asyncio.TimerHandle | None = None
        self._next = -1
        self._began_s = 0.0
        self.answering = False
        self._words = GREETING
        Listening.sessions += 1

    def on_ws_connected(self, transport: Any) -> None:
        self._transport = transport

    def on_ws_disconnected(self, transport: Any) -> None:
        del transport
        self._stop()
        self._transport = None

    def on_ws_frame(self, transport: Any, frame: Any) -> None:
        if frame.msg_type == picows.WSMsgType.CLOSE:
            transport.send_close(picows.WSCloseCode.OK)
            transport.disconnect()
            return
        if frame.msg_type == picows.WSMsgType.PING:
            return
        message = frame.get_payload_as_bytes()
        if not frame.fin or self._partial:
            self._partial += message
            if not frame.fin:
                return
            message = bytes(self._partial)
            self._partial.clear()
        self._take(message)

    def _take(self, message: bytes) -> None:
        if b'"setup"' in message[:40]:
            self._send(SETUP_COMPLETE)
            return
        start = message.find(b'"data":')
        if start > 0 and b"audio/pcm" in message:
            begin = message.index(b'"', start + 7) + 1
            text = message[begin : message.index(b'"', begin)]
            self._hear(a2b_base64(text.translate(FROM_URL_SAFE)), message)
        elif b'"text"' in message and (b"ealtime" in message[:30] or b":true" in message.replace(b" ", b"")):
            self._think()

    def _hear(self, pcm: bytes, message: bytes) -> None:
        block = 320 if b"rate=8000" in message else 640
        if self._waiting or len(pcm) != block:
            pcm = self._waiting + pcm
        for start in range(0, len(pcm) - block + 1, block):
            self._judge(audioop.rms(pcm[start : start + block], 2) > LOUD_RMS)
        self._waiting = pcm[len(pcm) // block * block :]

    def _judge(self, loud: bool) -> None:
        if loud:
            self._quiet = 0
            self._loud += 1
            if not self._speaking and self._loud == LOUD_FRAMES:
                self._speaking = True
                if self.answering:
                    self._stop()
                    self._send(INTERRUPTED)
                    self._send(TURN_COMPLETE)
            return
        self._loud = 0
        if self._speaking:
            self._quiet += 1
            if self._quiet == QUIET_FRAMES:
                self._speaking = False
                self._send(HEARD)
                self._think()

    def _think(self) -> None:
        if self._due is not None:
            self._due.cancel()
        self._due = self._loop.call_later(THINK_MS / 1000, self._answer)

    def _answer(self) -> None:
        self._stop()
        self.answering, self._next, self._began_s = True, 0, self._loop.time()
        self._chunk()

    def _chunk(self) -> None:
        number = self._next
        self._send(self._messages[number])
        if number % WORD_EVERY == 0:
            self._send(self._words[number // WORD_EVERY % len(self._words)])
        self._next += 1
        if self._next < len(self._messages):
            at_s = self._began_s + self._next * CHUNK_MS / BURST / 1000
            self._due = self._loop.call_at(at_s, self._chunk)
            return
        self._due, self._words = None, WORDS
        self._send(GENERATED)
        self._end = self._loop.call_at(self._began_s + ANSWER_MS / 1000, self._turn_over)

    def _turn_over(self) -> None:
        self.answering = False
        self._send(TURN_COMPLETE)
        self._send(HANDLE)

    def _stop(self) -> None:
        self.answering = False
        for timer in (self._due, self._end):
            if timer is not None:
                timer.cancel()
        self._due = self._end = None

    def _send(self, message: bytes) -> None:
        if self._transport is not None:
            self._transport.send(BINARY, message)


async def serve_model(tls: ssl.SSLContext) -> int:
    """Listen; returns the port."""
    messages = audio_messages()
    server = await picows.ws_create_server(
        lambda _: Listening(messages), "127.0.0.1", 0, ssl=tls, max_frame_size=1 << 20
    )
    return int(server.sockets[0].getsockname()[1])
