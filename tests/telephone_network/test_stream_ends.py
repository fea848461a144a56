"""How a stream ends, or never begins, and what the call does then."""

from __future__ import annotations

import asyncio

import pytest

from local.telephone_network import TelephoneNetwork
from local.telephone_network.calls.call import Instructions
from local.telephone_network.sound import tones
from tests.telephone_network.answering_app import AgentStream, AnsweringApp
from tests.telephone_network.conftest import CALLER, OUR_NUMBER
from tests.telephone_network.test_streams import LISTEN, call, heard, sounding_ms

pytestmark = [pytest.mark.virtual_time, pytest.mark.portable]


async def test_connects_action_wins_over_the_next_verb(network: TelephoneNetwork, app: AnsweringApp) -> None:
    async def talk(stream: AgentStream) -> None:
        await asyncio.sleep(0.2)

    app.talk = talk
    url = app.base_url.replace("http", "ws", 1) + "/stream"
    app.twiml["/voice"] = (
        f"<Response><Connect action='/after'><Stream url='{url}'/></Connect><Say>Never</Say></Response>"
    )
    app.twiml["/after"] = "<Response><Hangup/></Response>"
    call = network.dial(CALLER, OUR_NUMBER, LISTEN)
    await call.over.wait()
    assert len(app.to("/after")) == 1
    assert not call.journal.find("say")


async def test_when_we_close_the_stream_the_next_verb_runs(network: TelephoneNetwork, app: AnsweringApp) -> None:
    async def talk(stream: AgentStream) -> None:
        await stream.say(tones.murmur(5000))
        await asyncio.sleep(1)

    app.talk = talk
    app.twiml["/resume"] = "<Response><Say>Goodbye</Say></Response>"
    done = await call(network, app, LISTEN, after="<Redirect>/resume</Redirect>")
    assert done.streams[0]["ended"] == "closed by server"
    assert "stop" not in [message["event"] for message in app.streams[0].messages]
    assert done.journal.find("say")[0]["text"] == "Goodbye"
    assert app.to("/resume")[0].fields["CallStatus"] == "in-progress"
    # What was queued but not heard is gone with the stream: one second of it, then the goodbye.
    assert sounding_ms(heard(network, done)[1]) == pytest.approx(1000 + 470, abs=80)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("wss://example.com/stream?token=1", 31920),
        ("https://example.com/stream", 31922),
        ("ws://example.com/stream", 31922),
        ("wss:///stream", 31923),
        (" wss://example.com/stream", 31923),
        ("ws://127.0.0.1:9/stream", 31902),
    ],
)
async def test_a_stream_that_cannot_be_opened(
    network: TelephoneNetwork, app: AnsweringApp, url: str, code: int
) -> None:
    app.twiml["/voice"] = (
        f"<Response><Connect><Stream url='{url}' statusCallback='{app.base_url}/stream-status'/></Connect>"
        "<Say>Sorry</Say></Response>"
    )
    call = network.dial(CALLER, OUR_NUMBER, LISTEN)
    await call.over.wait()
    await asyncio.sleep(1)
    (failed,) = call.journal.find("stream failed")
    assert failed["code"] == code
    assert call.journal.find("say")[0]["text"] == "Sorry"
    (error,) = app.to("/stream-status")
    assert error.fields["StreamEvent"] == "stream-error"
    assert error.fields["StreamError"].startswith(str(code))


async def test_a_server_that_refuses_the_upgrade(network: TelephoneNetwork, app: AnsweringApp) -> None:
    app.accept_streams = False
    done = await call(network, app, LISTEN, after="<Say>Sorry</Say>")
    assert [failed["code"] for failed in done.journal.find("stream failed")] == [31920]
    assert done.journal.find("say")[0]["text"] == "Sorry"


async def test_a_redirected_call_leaves_its_stream(network: TelephoneNetwork, app: AnsweringApp) -> None:
    app.twiml["/voice"] = app.stream_twiml()
    call = network.dial(CALLER, OUR_NUMBER, LISTEN)
    await asyncio.sleep(2)
    conversation = network.lives.conversation(call)
    assert conversation is not None
    conversation.redirect(Instructions(twiml="<Response><Say>Moved</Say></Response>"))
    await call.over.wait()
    assert app.streams[0].stopped
    assert call.journal.find("say")[0]["text"] == "Moved"
    assert call.streams[0]["ended"] == "call ended"
