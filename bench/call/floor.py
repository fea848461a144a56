"""``python -m bench.call.floor``: the least that a bridge in Python can do, to see what all the rest costs.

The same sockets and the same codec; no signature, no token, no turns, no marks, no transcript, no record.
"""

from __future__ import annotations

import argparse
import asyncio
import ssl
from binascii import b2a_base64
from typing import Any

import msgspec
import picows
import uvloop

from functions.voice.audio import Downsampler, Upsampler, decode_ulaw, encode_ulaw
from functions.voice.media_stream import Media, OutgoingStream, Start, parse
from functions.voice.speech.model import AgentAudio, Interrupted
from functions.voice.speech.server_message import read

HEAD = b'{"realtime_input":{"audio":{"mime_type":"audio/pcm;rate=16000","data":"'
SETUP = msgspec.json.encode({"setup": {"model": "models/floor"}})
GREET = msgspec.json.encode({"realtime_input": {"text": "Greet the caller."}})
TEXT = picows.WSMsgType.TEXT


class Model(picows.WSListener):
    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self._down = Downsampler()

    def on_ws_connected(self, transport: Any) -> None:
        transport.send(TEXT, SETUP)
        transport.send(TEXT, GREET)
        self._phone.model = transport

    def on_ws_frame(self, transport: Any, frame: Any) -> None:
        del transport
        for event in read(frame.get_payload_as_bytes()):
            if isinstance(event, AgentAudio):
                self._phone.play(encode_ulaw(self._down.push(event.pcm)))
            elif isinstance(event, Interrupted):
                self._down.reset()
                self._phone.clear()


class Phone(picows.WSListener):
    def __init__(self, model_url: str, tls: ssl.SSLContext) -> None:
        self._model_url, self._tls = model_url, tls
        self._up = Upsampler()
        self._out = OutgoingStream("")
        self.model: Any = None

    def on_ws_connected(self, transport: Any) -> None:
        self._transport = transport

    def on_ws_disconnected(self, transport: Any) -> None:
        del transport
        if self.model is not None:
            self.model.disconnect()

    def on_ws_frame(self, transport: Any, frame: Any) -> None:
        if frame.msg_type == picows.WSMsgType.CLOSE:
            transport.disconnect()
            return
        match parse(frame.get_payload_as_bytes()):
            case Media(ulaw=ulaw) if self.model is not None:
                pcm = self._up.push(decode_ulaw(ulaw))
                self.model.send(TEXT, HEAD + b2a_base64(pcm, newline=False) + b'"}}}')
            case Start(stream_sid=sid):
                self._out = OutgoingStream(sid)
                opening = picows.ws_connect(lambda: Model(self), self._model_url, ssl_context=self._tls)
                self._opening = asyncio.ensure_future(opening)

    def play(self, ulaw: bytes) -> None:
        self._transport.send(TEXT, self._out.media(ulaw))

    def clear(self) -> None:
        self._transport.send(TEXT, self._out.clear)


async def main(port: int, model_url: str) -> None:
    tls = ssl.create_default_context()
    server = await picows.ws_create_server(lambda _: Phone(model_url, tls), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model", required=True)
    wanted = parser.parse_args()
    uvloop.run(main(wanted.port, wanted.model))
