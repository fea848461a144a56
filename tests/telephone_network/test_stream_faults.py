"""What can go wrong with a media stream on request does go wrong, and only that."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from local.telephone_network import TelephoneNetwork
from local.telephone_network.calls.call import Call
from local.telephone_network.sound import tones
from tests.telephone_network.answering_app import AgentStream, AnsweringApp
from tests.telephone_network.conftest import CALLER, OUR_NUMBER
from tests.telephone_network.test_streams import heard, sounding_ms

pytestmark = [pytest.mark.virtual_time, pytest.mark.portable]

LISTEN = [{"wait": "hang_up", "after_s": 30}]


async def inbound(network: TelephoneNetwork, app: AnsweringApp, steps: Any = None, after: str = "") -> Call:
    app.twiml["/voice"] = app.stream_twiml(after)
    call = network.dial(CALLER, OUR_NUMBER, steps or LISTEN)
    await call.over.wait()
    await asyncio.sleep(3)
    return call


async def keep_saying(stream: AgentStream) -> None:
    await stream.say(tones.murmur(4000), piece=8000)
    await stream.mark("end")
    await stream.mark_back("end")


async def test_a_broken_socket(network: TelephoneNetwork, app: AnsweringApp) -> None:
    network.misbehave("socket_dropped", seconds=2, times=1)
    app.talk = keep_saying
    app.twiml["/resume"] = "<Response/>"
    done = await inbound(network, app, after="<Redirect>/resume</Redirect>")
    assert [failed["code"] for failed in done.journal.find("stream failed")] == [31921]
    assert done.streams[0]["ended"] == "broken"
    assert "stop" not in [message["event"] for message in app.streams[0].messages]
    assert sounding_ms(heard(network, done)[1]) == pytest.approx(2000, abs=60)
    assert len(app.to("/resume")) == 1


async def test_a_stream_that_is_not_opened(network: TelephoneNetwork, app: AnsweringApp) -> None:
    network.misbehave("socket_refused", times=1)
    app.twiml["/resume"] = app.stream_twiml()
    done = await inbound(network, app, after="<Redirect>/resume</Redirect>")
    assert done.journal.find("stream failed")[0]["code"] == 31902
    assert len(app.streams) == 1


async def test_a_forged_upgrade_is_what_the_server_sees(network: TelephoneNetwork, app: AnsweringApp) -> None:
    network.misbehave("stream_forged", times=1)
    done = await inbound(network, app, after="<Say>Sorry</Say>")
    assert app.streams == []
    assert done.journal.find("stream failed")[0]["code"] == 31920


async def test_an_upgrade_signed_with_a_slash(network: TelephoneNetwork, app: AnsweringApp) -> None:
    network.misbehave("stream_signed_with_slash", times=1)
    done = await inbound(network, app, after="<Say>Sorry</Say>")
    assert done.journal.find("stream failed")[0]["code"] == 31920  # this app looks at the URL without one alone


async def test_a_stream_opened_a_second_time(network: TelephoneNetwork, app: AnsweringApp) -> None:
    network.misbehave("stream_replayed", seconds=1, times=1)
    done = await inbound(network, app)
    (replay,) = done.journal.find("replay")
    assert replay["accepted"]  # this app does not look at tokens; ours has to
    first, second = app.streams
    assert first.start["customParameters"] == second.start["customParameters"]
    assert first.start["callSid"] == second.start["callSid"]


async def test_nonsense_on_the_stream(network: TelephoneNetwork, app: AnsweringApp) -> None:
    network.misbehave("stream_garbage", seconds=0.1, times=1)
    await inbound(network, app, [{"wait": 1}, {"hang_up": True}])
    (stream,) = app.streams
    assert stream.nonsense[0] == '{"event":"media","media":'
    assert stream.nonsense[-1] == b"\x00\x01"
    assert len(stream.nonsense) == 4
    assert len(stream.caller) == pytest.approx(8000, abs=320)


async def test_frames_that_come_late_but_in_order(network: TelephoneNetwork, app: AnsweringApp) -> None:
    arrived: list[float] = []

    async def talk(stream: AgentStream) -> None:
        for n in range(1, 101):
            await stream.until(lambda n=n: len(stream.caller) >= n * 160)  # type: ignore[misc]
            arrived.append(asyncio.get_running_loop().time())

    network.misbehave("jitter", ms=100)
    app.talk = talk
    await inbound(network, app)
    gaps_ms = [(after - before) * 1000 for before, after in itertools.pairwise(arrived)]
    assert max(gaps_ms) > 40
    assert arrived[-1] - arrived[0] == pytest.approx(99 * 0.02, abs=0.12)
    chunks = [int(m["media"]["chunk"]) for m in app.streams[0].messages if m["event"] == "media"]
    assert chunks == sorted(chunks)


async def test_a_call_on_hold_sends_no_frames(network: TelephoneNetwork, app: AnsweringApp) -> None:
    network.misbehave("hold", after_s=1, seconds=2)
    await inbound(network, app, [{"wait": 5}, {"hang_up": True}])
    stamps = [int(m["media"]["timestamp"]) for m in app.streams[0].messages if m["event"] == "media"]
    gaps = [after - before for before, after in itertools.pairwise(stamps)]
    assert max(gaps) == pytest.approx(2020, abs=20)
    assert sorted(gaps)[-2] == 20


async def test_a_person_puts_us_on_hold(network: TelephoneNetwork, app: AnsweringApp) -> None:
    await inbound(network, app, [{"wait": 1}, {"hold": 3}, {"wait": 1}, {"hang_up": True}])
    media = [m for m in app.streams[0].messages if m["event"] == "media"]
    assert len(media) == pytest.approx(100, abs=3)


async def test_lost_marks(network: TelephoneNetwork, app: AnsweringApp) -> None:
    async def talk(stream: AgentStream) -> None:
        await stream.say(tones.murmur(200))
        await stream.mark("lost")
        await asyncio.sleep(1)
        await stream.mark("found")
        await stream.mark_back("found")
        assert stream.marks == ["found"]

    network.misbehave("marks_lost", times=1)
    app.talk = talk
    done = await inbound(network, app)
    assert [mark["lost"] for mark in done.journal.find("mark reached")] == [True, False]


async def test_late_marks(network: TelephoneNetwork, app: AnsweringApp) -> None:
    took_s: list[float] = []

    async def talk(stream: AgentStream) -> None:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await stream.say(tones.murmur(200))
        await stream.mark("late")
        await stream.mark_back("late")
        took_s.append(loop.time() - began_s)

    network.misbehave("marks_late", ms=500)
    app.talk = talk
    await inbound(network, app)
    assert took_s == [pytest.approx(0.72, abs=0.05)]
