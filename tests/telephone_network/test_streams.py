"""A call's audio on a media stream: order, pace, what is heard, and how it ends."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import Sequence

import pytest

from local.telephone_network import TelephoneNetwork
from local.telephone_network.calls.call import Call
from local.telephone_network.sound import tones
from local.telephone_network.sound.mulaw import encode, level_db
from tests.telephone_network.answering_app import AgentStream, AnsweringApp
from tests.telephone_network.conftest import ACCOUNT_SID, CALLER, HELLO, OUR_NUMBER, WAIT

pytestmark = [pytest.mark.virtual_time, pytest.mark.portable]

LISTEN = [{"wait": "hang_up", "after_s": 120}]


async def call(network: TelephoneNetwork, app: AnsweringApp, steps: Sequence[object], after: str = "") -> Call:
    app.twiml["/voice"] = app.stream_twiml(
        after, name="Leg", statusCallback=f"{app.base_url}/stream-status", statusCallbackMethod="POST"
    )
    call = network.dial(CALLER, OUR_NUMBER, steps)
    await call.over.wait()
    await asyncio.sleep(1)
    return call


def heard(network: TelephoneNetwork, call: Call) -> tuple[bytes, bytes]:
    """Mu-law of both sides of the recording: what the caller said, and what they heard."""
    with wave.open(io.BytesIO(network.exchange.recorded[call.sid])) as wav:
        assert (wav.getnchannels(), wav.getframerate(), wav.getsampwidth()) == (2, 8000, 2)
        pcm = wav.readframes(wav.getnframes())
    left, right = bytearray(len(pcm) // 2), bytearray(len(pcm) // 2)
    left[0::2], left[1::2], right[0::2], right[1::2] = pcm[0::4], pcm[1::4], pcm[2::4], pcm[3::4]
    return encode(bytes(left)), encode(bytes(right))


def sounding_ms(ulaw: bytes) -> int:
    """How much of it is not silence, in whole frames."""
    return sum(20 for begin in range(0, len(ulaw), 160) if level_db(ulaw[begin : begin + 160]) > -60)


async def test_the_opening_messages_are_twilios(network: TelephoneNetwork, app: AnsweringApp) -> None:
    done = await call(network, app, [{"wait": 0.5}, {"press": "4#"}, {"wait": 0.2}, {"hang_up": True}])
    (stream,) = app.streams
    assert stream.signed
    connected, start, media, *_ = stream.messages
    assert connected == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    sid = start["streamSid"]
    assert sid.startswith("MZ")
    assert start == {
        "event": "start",
        "sequenceNumber": "1",
        "start": {
            "accountSid": ACCOUNT_SID,
            "streamSid": sid,
            "callSid": done.sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"token": "t&1", "language": "हिन्दी"},
        },
        "streamSid": sid,
    }
    assert media["sequenceNumber"] == "2"
    assert media["streamSid"] == sid
    assert (media["media"]["track"], media["media"]["chunk"]) == ("inbound", "1")
    numbers = [int(message["sequenceNumber"]) for message in stream.messages[1:]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert stream.keys == "4#"
    dtmf = next(message for message in stream.messages if message["event"] == "dtmf")
    assert dtmf["dtmf"] == {"track": "inbound_track", "digit": "4"}
    assert stream.messages[-1]["event"] == "stop"
    assert stream.messages[-1]["stop"] == {"accountSid": ACCOUNT_SID, "callSid": done.sid}
    assert app.said_about("StreamEvent", "/stream-status") == ["stream-started", "stream-stopped"]
    assert app.said_about("StreamName", "/stream-status") == ["Leg", "Leg"]
    assert all(webhook.signed for webhook in app.received)


async def test_frames_keep_their_time_for_a_minute(network: TelephoneNetwork, app: AnsweringApp) -> None:
    arrived: list[float] = []

    async def talk(stream: AgentStream) -> None:
        for n in range(1, 3001):
            await stream.until(lambda n=n: len(stream.caller) >= n * 160)  # type: ignore[misc]
            arrived.append(asyncio.get_running_loop().time())

    app.talk = talk
    await call(network, app, [{"wait": 61}, {"hang_up": True}])
    drift_ms = [(at - arrived[0] - n * 0.02) * 1000 for n, at in enumerate(arrived)]
    assert len(arrived) == 3000
    assert max(map(abs, drift_ms)) < 1
    stamps = [int(m["media"]["timestamp"]) for m in app.streams[0].messages if m["event"] == "media"]
    assert stamps[:3000] == [stamps[0] + 20 * n for n in range(3000)]


async def test_what_the_caller_says_arrives_byte_for_byte(network: TelephoneNetwork, app: AnsweringApp) -> None:
    done = await call(network, app, [{"wait": 0.4}, {"say": "hello_en", "voice": "ann"}, {"hang_up": True}])
    (stream,) = app.streams
    assert HELLO in bytes(stream.caller)
    said, _ = heard(network, done)
    assert HELLO in said
    assert done.journal.find("says")[0]["text"] == "Hello there"


async def test_audio_is_played_in_real_time_and_marked_when_heard(network: TelephoneNetwork, app: AnsweringApp) -> None:
    at: dict[str, float] = {}

    async def talk(stream: AgentStream) -> None:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await stream.mark("before")
        await stream.say(tones.murmur(1000), piece=8000)
        await stream.mark("first")
        await stream.say(tones.murmur(500), piece=333)
        await stream.mark("second")
        for name in ("before", "first", "second"):
            await stream.mark_back(name)
            at[name] = loop.time() - began_s

    app.talk = talk
    done = await call(network, app, LISTEN)
    assert at["before"] < 0.03
    assert at["first"] == pytest.approx(1.0, abs=0.05)
    assert at["second"] == pytest.approx(1.5, abs=0.05)
    _, agent = heard(network, done)
    assert sounding_ms(agent) == pytest.approx(1500, abs=40)
    assert not done.journal.find("underrun")
    report = done.streams[0]
    assert report["received"] == {"media": 14, "mark": 3}
    assert sum(size for _, size in report["media"]) == 12_000


async def test_clear_drops_what_was_not_heard_and_returns_every_mark(
    network: TelephoneNetwork, app: AnsweringApp
) -> None:
    async def talk(stream: AgentStream) -> None:
        await stream.say(tones.murmur(1000), piece=8000)
        await stream.mark("one")
        await stream.say(tones.murmur(4000), piece=8000)
        await stream.mark("two")
        await stream.mark_back("one")
        await asyncio.sleep(0.5)
        assert stream.marks == ["one"]
        await stream.clear()
        await stream.mark_back("two")
        await stream.mark("nothing left")
        await stream.mark_back("nothing left")

    app.talk = talk
    done = await call(network, app, LISTEN)
    _, agent = heard(network, done)
    assert sounding_ms(agent) == pytest.approx(1500, abs=60)
    (clear,) = done.journal.find("clear")
    assert clear["dropped_ms"] == pytest.approx(3500, abs=60)
    assert clear["marks"] == ["two"]


async def test_a_gap_inside_speech_is_an_underrun_and_a_pause_is_not(
    network: TelephoneNetwork, app: AnsweringApp
) -> None:
    async def talk(stream: AgentStream) -> None:
        await stream.say(tones.murmur(400))
        await asyncio.sleep(0.6)
        await stream.say(tones.murmur(400))
        await asyncio.sleep(3)
        await stream.say(tones.murmur(400))
        await stream.mark("end")
        await stream.mark_back("end")

    app.talk = talk
    done = await call(network, app, LISTEN)
    (underrun,) = done.journal.find("underrun")
    assert underrun["gap_ms"] == pytest.approx(200, abs=40)


async def test_ten_minutes_of_audio_are_all_that_is_kept(network: TelephoneNetwork, app: AnsweringApp) -> None:
    async def talk(stream: AgentStream) -> None:
        minute = tones.silence(60_000)
        for _ in range(12):
            await stream.say(minute, piece=len(minute))
        await asyncio.sleep(1)

    app.talk = talk
    done = await call(network, app, LISTEN)
    assert done.streams[0]["warnings"] == {"31931": 2}
    assert [warning["code"] for warning in done.journal.find("warning")] == [31931]


async def test_what_twilio_does_not_take_is_dropped_and_warned_of_once(
    network: TelephoneNetwork, app: AnsweringApp
) -> None:
    async def talk(stream: AgentStream) -> None:
        payload = {"payload": "/////w=="}
        await stream.socket.send_bytes(b"\xff" * 160)
        await stream.socket.send_bytes(b"\xff" * 160)
        await stream.socket.send_text("{")
        await stream.send({"event": "media", "streamSid": "MZother", "media": payload})
        await stream.send({"event": "media", "streamSid": stream.sid, "media": payload, "track": "outbound"})
        await stream.send({"event": "media", "streamSid": stream.sid, "media": payload | {"chunk": "1"}})
        await stream.send({"event": "hello", "streamSid": stream.sid})
        await stream.send({"event": "clear", "streamSid": stream.sid, "clear": {}})
        await stream.send({"event": "media", "streamSid": stream.sid, "media": {"payload": "?"}})
        await stream.say(tones.murmur(200))
        await stream.mark("end")
        await stream.mark_back("end")

    app.talk = talk
    done = await call(network, app, LISTEN)
    assert done.streams[0]["warnings"] == {"31950": 2, "31951": 6, "31930": 1}
    assert sorted(warning["code"] for warning in done.journal.find("warning")) == [31930, 31950, 31951]
    assert sounding_ms(heard(network, done)[1]) == pytest.approx(200, abs=20)


async def test_a_caller_who_waits_for_the_agent_and_then_interrupts(
    network: TelephoneNetwork, app: AnsweringApp
) -> None:
    async def talk(stream: AgentStream) -> None:
        await asyncio.sleep(0.5)
        await stream.say(tones.murmur(1500))
        await stream.until(lambda: HELLO in bytes(stream.caller))
        await stream.say(tones.murmur(8000))
        await stream.until(lambda: WAIT[:800] in bytes(stream.caller))
        await stream.clear()
        await asyncio.sleep(1)
        await stream.say(tones.murmur(1000))
        await asyncio.sleep(5)

    app.talk = talk
    done = await call(
        network,
        app,
        [
            {"wait": "agent_done"},
            {"say": "hello_en", "voice": {"en": "ann", "hi": "uma"}},
            {"interrupt": {"after_ms": 900, "say": "hello_hi", "voice": "uma"}},
            {"wait": "agent_done"},
            {"hang_up": True},
        ],
    )
    assert done.person == {"steps": 5, "done": 5, "gave_up": False}
    assert [round(entry["heard_ms"], -2) for entry in done.journal.find("agent done")] == [1500, 1000]
    (interrupts,) = done.journal.find("interrupts")
    assert 900 <= interrupts["heard_ms"] <= 940
    first, interruption = done.journal.find("says")
    # The agent spoke from 0.5 s to 2.0 s; 600 ms of silence later it is taken to have finished.
    assert first["audio_ms"] == pytest.approx(500 + 1500 + 600, abs=100)
    assert interruption["audio_ms"] - first["audio_ms"] == pytest.approx(1000 + 900, abs=100)


async def test_a_caller_who_waits_in_vain_gives_up(network: TelephoneNetwork, app: AnsweringApp) -> None:
    done = await call(network, app, [{"wait": "agent_done", "after_s": 5}, {"say": "hello_en", "voice": "ann"}])
    assert done.person == {"steps": 2, "done": 0, "gave_up": True}
    assert done.hung_up_by == "person"
    assert done.duration_s == 5


async def test_the_first_sound_is_timed(network: TelephoneNetwork, app: AnsweringApp) -> None:
    async def talk(stream: AgentStream) -> None:
        await asyncio.sleep(0.7)
        await stream.say(tones.murmur(300))
        await asyncio.sleep(1)

    app.talk = talk
    done = await call(network, app, LISTEN)
    (first,) = done.journal.find("first sound heard")
    assert first["audio_ms"] == pytest.approx(720, abs=60)
