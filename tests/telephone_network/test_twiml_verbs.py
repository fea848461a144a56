"""What the network does with each verb, as the people on the line hear it."""

from __future__ import annotations

import asyncio
import io
import wave

import pytest
from starlette.responses import Response

from local.telephone_network import TelephoneNetwork
from local.telephone_network.calls.call import Call
from local.telephone_network.sound import tones
from local.telephone_network.sound.mulaw import decode, encode
from shared.domain.call_status import CallStatus
from tests.telephone_network.answering_app import AnsweringApp
from tests.telephone_network.conftest import CALLER, HELLO, OUR_NUMBER, WAIT
from tests.telephone_network.test_streams import heard, sounding_ms

pytestmark = [pytest.mark.virtual_time, pytest.mark.portable]

LISTEN = [{"wait": "hang_up", "after_s": 120}]
FRIEND = "+14155550177"


async def call(network: TelephoneNetwork, app: AnsweringApp, twiml: str, steps: object = None) -> Call:
    app.twiml["/voice"] = f"<Response>{twiml}</Response>"
    call = network.dial(CALLER, OUR_NUMBER, steps or LISTEN)  # type: ignore[arg-type]
    await call.over.wait()
    await asyncio.sleep(1)
    return call


async def test_words_with_a_recording_are_heard_in_it(network: TelephoneNetwork, app: AnsweringApp) -> None:
    done = await call(network, app, "<Say language='en-IN'> Hello   THERE </Say><Hangup/>")
    assert HELLO in heard(network, done)[1]
    assert done.journal.find("say")[0]["recorded"]


async def test_other_words_take_as_long_as_they_would(network: TelephoneNetwork, app: AnsweringApp) -> None:
    done = await call(network, app, f"<Say>{'x' * 45}</Say>")
    assert sounding_ms(heard(network, done)[1]) == pytest.approx(3000, abs=40)


async def test_a_file_is_played(network: TelephoneNetwork, app: AnsweringApp) -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(decode(HELLO))
    app.twiml["/hello.wav"] = Response(file.getvalue(), media_type="audio/wav")
    app.twiml["/hello.ulaw"] = Response(HELLO, media_type="audio/basic")
    done = await call(network, app, "<Play>/hello.wav</Play><Play>hello.ulaw</Play><Play>/missing.mp3</Play>")
    assert heard(network, done)[1].count(HELLO[:4000]) >= 2
    assert app.to("/hello.wav")[0].signed
    assert [warning["code"] for warning in done.journal.find("warning")] == [12400]


async def test_keys_are_played(network: TelephoneNetwork, app: AnsweringApp) -> None:
    done = await call(network, app, "<Play digits='1w2'/>")
    assert tones.key("1") in heard(network, done)[1]
    assert done.journal.find("play digits")[0]["digits"] == "1w2"


@pytest.mark.parametrize(
    ("attributes", "pressed", "digits"),
    [
        ("numDigits='1'", "5", "5"),
        ("numDigits='3'", "123", "123"),
        ("finishOnKey='#'", "77#", "77"),
        ("timeout='2'", "42", "42"),
        ("finishOnKey='' numDigits='2'", "#1", "#1"),
    ],
)
async def test_keys_are_gathered(
    network: TelephoneNetwork, app: AnsweringApp, attributes: str, pressed: str, digits: str
) -> None:
    app.twiml["/keys"] = "<Response><Hangup/></Response>"
    twiml = f"<Gather action='/keys' {attributes}><Say>{'press a key ' * 10}</Say></Gather><Say>Nothing</Say>"
    done = await call(network, app, twiml, [{"wait": 1}, {"press": pressed}, {"wait": "hang_up"}])
    (action,) = app.to("/keys")
    assert action.fields["Digits"] == digits
    assert not any(said["text"] == "Nothing" for said in done.journal.find("say"))
    assert sounding_ms(heard(network, done)[1]) < 1200  # the first key cut the prompt off


async def test_nothing_gathered_goes_on(network: TelephoneNetwork, app: AnsweringApp) -> None:
    done = await call(network, app, "<Gather action='/keys' timeout='3'><Say>Press</Say></Gather><Say>Bye</Say>")
    assert app.to("/keys") == []
    assert [said["text"] for said in done.journal.find("say")] == ["Press", "Bye"]
    assert done.journal.find("say")[1]["audio_ms"] == pytest.approx(333 + 3000, abs=60)


async def test_nothing_gathered_is_said_if_that_is_asked_for(network: TelephoneNetwork, app: AnsweringApp) -> None:
    app.twiml["/keys"] = "<Response/>"
    await call(network, app, "<Gather action='/keys' timeout='1' actionOnEmptyResult='true'/>")
    assert app.to("/keys")[0].fields["Digits"] == ""


DIAL = "<Dial action='/dialled' timeout='20' answerOnBridge='true'><Number url='/whisper'>{}</Number></Dial>"


async def test_a_friend_takes_the_call(network: TelephoneNetwork, app: AnsweringApp) -> None:
    app.twiml["/dialled"] = "<Response><Say>Back</Say></Response>"
    app.twiml["/whisper"] = (
        "<Response><Gather numDigits='1' action='/accept'><Say>A call</Say></Gather><Hangup/></Response>"
    )
    app.twiml["/accept"] = "<Response/>"
    network.answer_as(
        {
            FRIEND: {
                "after_s": 4,
                "script": [
                    {"wait": "agent_speaks"},
                    {"press": "1"},
                    {"wait": 1},
                    {"say": "hello_hi", "voice": "uma"},
                    {"wait": 3},
                    {"hang_up": True},
                ],
            }
        }
    )
    steps = [{"wait": 8}, {"say": "hello_en", "voice": "ann"}, {"wait": "hang_up"}]
    done = await call(network, app, DIAL.format(FRIEND), steps)
    child = next(one for one in network.exchange.calls.values() if one.parent_sid == done.sid)
    assert (child.status, child.direction, child.to) == (CallStatus.COMPLETED, "outbound-dial", FRIEND)
    assert app.to("/whisper")[0].fields["ParentCallSid"] == done.sid
    assert app.to("/whisper")[0].fields["CallSid"] == child.sid
    (dialled,) = app.to("/dialled")
    assert dialled.fields["DialCallStatus"] == "completed"
    assert dialled.fields["DialCallSid"] == child.sid
    assert dialled.fields["DialBridged"] == "true"
    assert int(dialled.fields["DialCallDuration"]) == child.duration_s
    assert tones.ringback()[:8000] in heard(network, done)[1]
    assert HELLO in heard(network, child)[1]
    assert encode(decode(WAIT)) in heard(network, done)[1]  # mu-law has two zeros, PCM only one
    assert done.journal.find("say")[-1]["text"] == "Back"


@pytest.mark.parametrize(
    ("callee", "status"),
    [
        ({"reaction": "busy"}, "busy"),
        ({"reaction": "no_answer"}, "no-answer"),
        ({"reaction": "fails"}, "failed"),
        ({"script": [{"wait": 30}]}, "no-answer"),
        ({"script": [{"wait": 1}, {"hang_up": True}]}, "no-answer"),
    ],
)
async def test_a_friend_does_not_take_the_call(
    network: TelephoneNetwork, app: AnsweringApp, callee: object, status: str
) -> None:
    network.answer_as({FRIEND: callee})
    app.twiml["/whisper"] = "<Response><Gather numDigits='1' timeout='3'><Say>A call</Say></Gather><Hangup/></Response>"
    app.twiml["/dialled"] = "<Response><Say>Back with you</Say></Response>"
    done = await call(network, app, DIAL.format(FRIEND))
    (dialled,) = app.to("/dialled")
    assert dialled.fields["DialCallStatus"] == status
    assert dialled.fields["DialBridged"] == "false"
    assert done.journal.find("say")[-1]["text"] == "Back with you"


async def test_the_caller_gives_up_while_it_rings(network: TelephoneNetwork, app: AnsweringApp) -> None:
    network.answer_as({FRIEND: {"reaction": "no_answer"}})
    done = await call(network, app, DIAL.format(FRIEND), [{"wait": 3}, {"hang_up": True}])
    child = next(one for one in network.exchange.calls.values() if one.parent_sid == done.sid)
    assert child.status is CallStatus.CANCELED
    assert app.to("/dialled") == []


async def test_without_an_action_the_next_verb_follows(network: TelephoneNetwork, app: AnsweringApp) -> None:
    network.answer_as({FRIEND: {"reaction": "busy"}})
    done = await call(network, app, f"<Dial>{FRIEND}</Dial><Say>They are busy</Say>")
    assert done.journal.find("say")[0]["text"] == "They are busy"


async def test_relative_urls_start_from_the_document(network: TelephoneNetwork, app: AnsweringApp) -> None:
    network.own(OUR_NUMBER, voice_url=f"{app.base_url}/a/b?x=1")
    app.twiml["/a/b"] = "<Response><Redirect method='GET'>c?y=2</Redirect></Response>"
    app.twiml["/a/c"] = "<Response><Say>Here</Say></Response>"
    done = network.dial(CALLER, OUR_NUMBER, LISTEN)
    await done.over.wait()
    (redirected,) = app.to("/a/c")
    assert redirected.method == "GET"
    assert done.journal.find("say")[0]["text"] == "Here"


async def test_plain_text_is_said(network: TelephoneNetwork, app: AnsweringApp) -> None:
    app.twiml["/voice"] = Response("Just words", media_type="text/plain")
    done = network.dial(CALLER, OUR_NUMBER, LISTEN)
    await done.over.wait()
    assert done.journal.find("say")[0]["text"] == "Just words"


async def test_json_is_no_twiml(network: TelephoneNetwork, app: AnsweringApp) -> None:
    app.twiml["/voice"] = Response("{}", media_type="application/json")
    done = network.dial(CALLER, OUR_NUMBER, LISTEN)
    await done.over.wait()
    assert done.journal.find("error")[0]["code"] == 12300


async def test_an_unknown_verb_is_warned_of_and_passed_over(network: TelephoneNetwork, app: AnsweringApp) -> None:
    done = await call(network, app, "<Sing/><Say volume='11'>Hello</Say>")
    assert [warning["reason"] for warning in done.journal.find("warning")] == [
        "<Sing> is not known here",
        "<Say> has no attribute volume",
    ]
    assert done.journal.find("say")
