"""Media Streams messages as Twilio documents them, as it might change them, and as an attacker would send them."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from functions.voice.media_stream import (
    MAX_MESSAGE_BYTES,
    BadMessage,
    Connected,
    Dtmf,
    MarkEcho,
    Media,
    OutgoingStream,
    Start,
    Stop,
    Unknown,
    parse,
    voice_of,
)

pytestmark = pytest.mark.portable

STREAM, CALL, ACCOUNT = "MZ" + "1" * 32, "CA" + "2" * 32, "AC" + "3" * 32
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def wire(**message: Any) -> str:
    return json.dumps(message)


def media(payload: str = "fn9+", **fields: Any) -> str:
    body = {"track": "inbound", "chunk": "2", "timestamp": "5", "payload": payload} | fields
    return wire(event="media", sequenceNumber="4", media=body, streamSid=STREAM)


def start(**fields: Any) -> str:
    body = {
        "accountSid": ACCOUNT,
        "streamSid": STREAM,
        "callSid": CALL,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"token": "t0k3n"},
    }
    return wire(event="start", sequenceNumber="1", start=body | fields, streamSid=STREAM)


class TestDocumented:
    """The six messages of Twilio's documentation."""

    def test_connected(self) -> None:
        assert parse(wire(event="connected", protocol="Call", version="1.0.0")) == Connected("Call", "1.0.0")

    def test_start(self) -> None:
        message = parse(start())
        assert message == Start(STREAM, CALL, ACCOUNT, "audio/x-mulaw", 8000, 1, {"token": "t0k3n"}, 1)
        assert isinstance(message, Start)
        assert message.is_telephone_audio

    def test_media(self) -> None:
        assert parse(media()) == Media(b"~\x7f~", 5, 4)

    def test_dtmf(self) -> None:
        text = wire(event="dtmf", streamSid=STREAM, sequenceNumber="5", dtmf={"track": "inbound_track", "digit": "1"})
        assert parse(text) == Dtmf("1")

    def test_mark(self) -> None:
        assert parse(wire(event="mark", sequenceNumber="4", streamSid=STREAM, mark={"name": "3:16000"})) == MarkEcho(
            "3:16000"
        )

    def test_stop(self) -> None:
        text = wire(event="stop", sequenceNumber="5", stop={"accountSid": ACCOUNT, "callSid": CALL}, streamSid=STREAM)
        assert parse(text) == Stop(CALL)

    def test_the_same_text_as_utf_8(self) -> None:
        assert parse(media().encode()) == parse(media())


class TestTolerated:
    """What may change on Twilio's side without our noticing."""

    @given(st.text().filter(lambda name: name not in {"connected", "start", "media", "dtmf", "mark", "stop"}), JSON)
    def test_new_events(self, event: str, body: Any) -> None:
        assert parse(wire(event=event, body=body, media=body, start=body)) == Unknown(event[:40])

    @given(
        st.dictionaries(
            st.text(max_size=8).filter(lambda key: key not in {"event", "media", "sequenceNumber"}), JSON, max_size=4
        )
    )
    def test_new_fields(self, fields: dict[str, Any]) -> None:
        plain = json.loads(media())
        assert parse(json.dumps(fields | plain)) == parse(media())

    def test_fields_in_any_order(self) -> None:
        backwards = dict(reversed(json.loads(media()).items()))
        assert parse(json.dumps(backwards)) == parse(media())

    def test_numbers_written_as_numbers(self) -> None:
        assert parse(wire(event="media", sequenceNumber=4, media={"payload": "fn9+", "timestamp": 5})) == parse(media())

    def test_media_with_nothing_but_sound(self) -> None:
        assert parse(wire(event="media", media={"payload": "fn9+"})) == Media(b"~\x7f~", 0, 0)

    def test_frames_of_any_length(self) -> None:
        for size in (0, 1, 160, 161, 3200):
            message = parse(media(base64.b64encode(bytes(size)).decode()))
            assert isinstance(message, Media)
            assert len(message.ulaw) == size

    def test_no_parameters(self) -> None:
        message = parse(start(customParameters=None))
        assert isinstance(message, Start)
        assert message.parameters == {}

    def test_a_stream_named_only_outside(self) -> None:
        message = parse(start(streamSid=""))
        assert isinstance(message, Start)
        assert message.stream_sid == STREAM


class TestRefused:
    """A bad message is a BadMessage, whatever it is."""

    @given(st.text() | st.binary() | JSON.map(json.dumps))
    @example("")
    @example("null")
    @example("[]")
    @example('"media"')
    @example("{}")
    @example("[" * 60_000)
    @example('{"event":' * 6_000)
    @example('{"event":"media","x":' + "[" * 60_000)
    @example('{"event":"new","x":' + "[" * 60_000)
    @example('{"event":"media","media":{"payload":"AA==","timestamp":Infinity}}')
    @example('{"event":"media","media":{"payload":"AA==","timestamp":1e999}}')
    @example('{"event":"media","media":{"payload":"AA==","timestamp":"Infinity"}}')
    @example('{"event":"media","media":{"payload":"AA==","timestamp":"' + "9" * 5000 + '"}}')
    @example('{"event":"\ud800"}')
    @example('{"event":"\\ud800"}')
    @example(b"\xff\xfe")
    @example(b'\xef\xbb\xbf{"event":"stop"}')
    @example('{"event":"stop"}{"event":"stop"}')
    def test_any_frame_is_read_or_refused_and_nothing_else(self, frame: str | bytes) -> None:
        with suppress(BadMessage):
            parse(frame)

    @pytest.mark.parametrize(
        "frame",
        [
            "",
            "media",
            "[]",
            '{"event":null}',
            '{"event":7}',
            '{"media":{"payload":"AA=="}}',
            "[" * 60_000,
            '{"event":"media","x":' + "[" * 60_000,
            media("AA"),
            media("A==="),
            media("-_-_"),
            media("****"),
            media("AAA\n"),
            media("АААА"),  # Cyrillic
            media(timestamp="-1"),
            media(timestamp="Infinity"),
            media(timestamp="1" + "0" * 30),
            media(timestamp="0x10"),
            media(timestamp=" 5"),
            media(timestamp="٥"),
            media(timestamp=1.5),
            media(timestamp=None),
            media(timestamp=True),
            media(track=1),
            wire(event="media"),
            wire(event="media", media={}),
            wire(event="media", media=[]),
            wire(event="media", media={"payload": None}),
            wire(event="media", media={"payload": [1, 2]}),
            wire(event="start", start={}),
            start(callSid=""),
            start(callSid=None),
            start(customParameters={"token": 5}),
            start(customParameters=[]),
            start(mediaFormat="mulaw"),
            wire(event="start", start={"callSid": CALL}),
            wire(event="dtmf", dtmf={"digit": "12"}),
            wire(event="dtmf", dtmf={"digit": "1\n"}),
            wire(event="dtmf", dtmf={"digit": ""}),
            wire(event="mark", mark={"name": None}),
            wire(event="stop", stop="now"),
        ],
    )
    def test_what_breaks_the_shape(self, frame: str) -> None:
        with pytest.raises(BadMessage):
            parse(frame)

    def test_binary_frames(self) -> None:
        with pytest.raises(BadMessage, match="binary"):
            parse(media().encode(), binary=True)

    def test_what_is_too_long(self) -> None:
        with pytest.raises(BadMessage, match="too long"):
            parse(media("AAAA" * (MAX_MESSAGE_BYTES // 4)))

    def test_a_refusal_quotes_nothing(self) -> None:
        secret = "+919876543210"
        with pytest.raises(BadMessage) as caught:
            parse(start(customParameters={"name": [secret]}))
        assert secret not in str(caught.value)
        assert caught.value.__context__ is None

    def test_another_format_is_told(self) -> None:
        message = parse(start(mediaFormat={"encoding": "audio/opus", "sampleRate": 48_000, "channels": 2}))
        assert isinstance(message, Start)
        assert not message.is_telephone_audio

    def test_other_tracks_are_not_the_caller(self) -> None:
        assert parse(media(track="outbound")) == Unknown("media of another track")


class TestVoice:
    """The quick way to the caller's voice says what parse() says."""

    @given(st.binary(max_size=400).map(lambda ulaw: media(base64.b64encode(ulaw).decode())))
    @example(media())
    @example(media(timestamp="-1"))
    @example(media(track="outbound"))
    @example(media(payload="?"))
    @example(media("A" * MAX_MESSAGE_BYTES))
    @example(start())
    @example(wire(event="mark", mark={"name": "m"}))
    @example("[" * 20_000)
    def test_the_same_of_any_message(self, text: str) -> None:
        try:
            parsed = parse(text)
        except BadMessage:
            assert voice_of(text.encode()) is None
        else:
            voice = voice_of(text.encode())
            found = None if voice is None else (voice.payload, voice.timestamp)
            assert found == ((parsed.ulaw, parsed.timestamp_ms) if isinstance(parsed, Media) else None)

    @given(st.binary() | st.text().map(str.encode) | JSON.map(json.dumps).map(str.encode))
    def test_anything_else_is_none(self, message: bytes) -> None:
        assert voice_of(message) is None


def test_what_people_say_and_press_stays_out_of_logs() -> None:
    shown = repr([parse(media()), parse(start()), parse(wire(event="dtmf", dtmf={"digit": "7"}))])
    assert "t0k3n" not in shown
    assert "7" not in shown.replace(STREAM, "").replace(CALL, "")


class TestOutgoing:
    """Exactly the documented fields: one more is an error at Twilio."""

    @given(st.binary(max_size=4000), st.text(max_size=40))
    @example(b"\xff" * 160, 'MZ"}')
    def test_media(self, ulaw: bytes, stream_sid: str) -> None:
        sent = json.loads(OutgoingStream(stream_sid).media(ulaw))
        payload = base64.b64encode(ulaw).decode()
        assert sent == {"event": "media", "streamSid": stream_sid, "media": {"payload": payload}}

    @given(st.text(max_size=100))
    @example('"}')
    def test_mark(self, name: str) -> None:
        sent = json.loads(OutgoingStream(STREAM).mark(name))
        assert sent == {"event": "mark", "streamSid": STREAM, "mark": {"name": name}}

    def test_clear(self) -> None:
        assert json.loads(OutgoingStream(STREAM).clear) == {"event": "clear", "streamSid": STREAM}

    @given(st.binary(max_size=2000))
    def test_what_we_say_is_what_would_be_heard(self, ulaw: bytes) -> None:
        """A message of ours, sent back as the caller's, carries the same sound."""
        echoed = json.loads(OutgoingStream(STREAM).media(ulaw))
        assert parse(json.dumps(echoed)) == Media(ulaw, 0, 0)
