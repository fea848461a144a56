"""We call somebody: what their telephone does, and what machine detection makes of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from local.telephone_network import TelephoneNetwork
from local.telephone_network.calls.call import Call, Detection, Direction, Instructions, StatusCallback
from shared.domain.call_status import CallStatus
from tests.telephone_network.answering_app import AgentStream, AnsweringApp
from tests.telephone_network.conftest import OUR_NUMBER

pytestmark = [pytest.mark.virtual_time, pytest.mark.portable]

CALLEE = "+919876543210"
EVERYTHING = frozenset({"initiated", "ringing", "answered", "completed"})


async def place(network: TelephoneNetwork, app: AnsweringApp, callee: Any = None, **details: Any) -> Call:
    """Place a call and wait until it is over and everybody has been told."""
    if callee is not None:
        network.answer_as({CALLEE: callee})
    call = network.exchange.new_call(
        to=CALLEE,
        from_=OUR_NUMBER,
        direction=Direction.OUTBOUND_API,
        instructions=Instructions(f"{app.base_url}/outbound"),
        status_callback=StatusCallback(f"{app.base_url}/status", events=EVERYTHING),
        **{"ring_timeout_s": 25.0} | details,
    )
    network.place(call)
    await call.over.wait()
    await asyncio.sleep(1)
    return call


@pytest.mark.parametrize(
    ("callee", "statuses", "sip_code"),
    [
        ({"reaction": "busy", "after_s": 1}, ["initiated", "busy"], 486),
        ({"reaction": "rejects", "after_s": 4}, ["initiated", "ringing", "busy"], 603),
        ({"reaction": "no_answer"}, ["initiated", "ringing", "no-answer"], 480),
        ({"after_s": 30}, ["initiated", "ringing", "no-answer"], 480),
        ({"reaction": "fails"}, ["initiated", "failed"], 503),
        ({"reaction": "fails", "sip_code": 404}, ["initiated", "failed"], 404),
        ({"talk_s": 7}, ["initiated", "ringing", "in-progress", "completed"], 200),
    ],
)
async def test_every_way_a_call_ends(
    network: TelephoneNetwork, app: AnsweringApp, callee: object, statuses: list[str], sip_code: int
) -> None:
    app.twiml["/outbound"] = app.stream_twiml()
    call = await place(network, app, callee)
    assert app.said_about("CallStatus") == statuses
    assert app.to("/status")[-1].fields["SipResponseCode"] == str(sip_code)
    assert app.to("/status")[-1].fields["CallDuration"] == ("7" if sip_code == 200 else "0")
    assert call.sip_code == sip_code
    assert app.streams == []


async def test_a_telephone_rings_until_our_patience_ends(network: TelephoneNetwork, app: AnsweringApp) -> None:
    call = await place(network, app, {"reaction": "no_answer"}, ring_timeout_s=25.0)
    assert call.started_at is not None
    assert call.ended_at is not None
    assert (call.ended_at - call.started_at).total_seconds() == pytest.approx(25, abs=0.1)


async def test_the_next_call_finds_the_next_behaviour(network: TelephoneNetwork, app: AnsweringApp) -> None:
    network.answer_as({CALLEE: [{"reaction": "busy"}, {"reaction": "no_answer"}, {"talk_s": 1}]})
    endings = [(await place(network, app)).status for _ in range(4)]
    assert endings == [CallStatus.BUSY, CallStatus.NO_ANSWER, CallStatus.COMPLETED, CallStatus.COMPLETED]


async def test_patterns_stand_behind_numbers(network: TelephoneNetwork, app: AnsweringApp) -> None:
    network.answer_as({"+91*": {"reaction": "busy"}, CALLEE: {"talk_s": 1}, "+9198*": {"reaction": "fails"}})
    assert (await place(network, app)).status is CallStatus.COMPLETED
    assert network.exchange.callees.look("+919811111111").reaction == "fails"
    assert network.exchange.callees.look("+917711111111").reaction == "busy"
    assert network.exchange.callees.look("+4930111111").reaction == "answers"


async def test_a_person_answers_and_talks(network: TelephoneNetwork, app: AnsweringApp) -> None:
    app.twiml["/outbound"] = app.stream_twiml()
    script = {"voice": "ann", "steps": [{"say": "hello_en"}, {"wait": 1}, {"hang_up": True}]}
    call = await place(network, app, {"after_s": 3, "script": script})
    assert call.duration_s == 2
    assert call.person["done"] == 3
    assert len(bytes(app.streams[0].caller)) > 8000


async def test_a_script_can_be_a_caller_of_a_dialogue(network: TelephoneNetwork) -> None:
    from local.telephone_network import RecordedVoices

    network.exchange.clips = RecordedVoices()
    network.answer_as({CALLEE: {"script": {"dialogue": "renewal", "caller": "opt_out_hindi"}}})
    script = network.exchange.callees.look(CALLEE).script
    assert script is not None
    assert [step.say for step in script.steps if step.say] == ["stop_calling_hi"]


MACHINE = {
    "answered_by": "machine",
    "script": {"voice": "ann", "steps": [{"wait": 0.5}, {"say": "greeting"}, {"wait": "hang_up", "after_s": 20}]},
}


@pytest.mark.parametrize(
    ("callee", "until_end", "answered_by", "after_ms"),
    [
        ({}, True, "human", 3000),
        ({"answered_by": "fax", "detected_after_s": 2}, True, "fax", 2000),
        ({"answered_by": "unknown", "talk_s": 10}, False, "unknown", 3000),
        (MACHINE, False, "machine_start", 3000),
        (MACHINE, True, "machine_end_beep", 500 + 2000 + 500 + 300),
        ({"answered_by": "machine_end_other"}, True, "machine_end_other", 3000),
    ],
)
async def test_machine_detection_meanwhile(
    network: TelephoneNetwork,
    app: AnsweringApp,
    callee: object,
    until_end: bool,
    answered_by: str,
    after_ms: int,
) -> None:
    app.twiml["/outbound"] = "<Response><Pause length='8'/></Response>"
    call = await place(network, app, callee, detection=Detection(until_end, f"{app.base_url}/amd"))
    (amd,) = app.to("/amd")
    assert amd.signed
    assert amd.fields.keys() == {"CallSid", "AccountSid", "AnsweredBy", "MachineDetectionDuration"}
    assert amd.fields["AnsweredBy"] == answered_by
    assert int(amd.fields["MachineDetectionDuration"]) == pytest.approx(after_ms, abs=40)
    assert app.to("/outbound")[0].fields.get("AnsweredBy") is None
    assert call.answered_by == answered_by


async def test_machine_detection_first_keeps_the_callee_waiting(network: TelephoneNetwork, app: AnsweringApp) -> None:
    app.twiml["/outbound"] = "<Response><Pause length='1'/></Response>"
    call = await place(network, app, {"detected_after_s": 4}, detection=Detection(until_end=False))
    assert app.to("/outbound")[0].fields["AnsweredBy"] == "human"
    assert call.duration_s == 5


async def test_a_message_is_left_after_the_beep(network: TelephoneNetwork, app: AnsweringApp) -> None:
    async def talk(stream: AgentStream) -> None:
        await stream.until(lambda: bool(app.to("/amd")))
        await stream.socket.close()

    app.talk = talk
    app.twiml["/outbound"] = app.stream_twiml(after="<Say>This is Asha Clinic.</Say>")
    call = await place(network, app, MACHINE, detection=Detection(True, f"{app.base_url}/amd"))
    (message,) = call.journal.find("say")
    assert message["audio_ms"] == pytest.approx(3300, abs=100)
    assert call.status is CallStatus.COMPLETED


async def test_nobody_is_detected_when_digits_are_sent(network: TelephoneNetwork, app: AnsweringApp) -> None:
    app.twiml["/outbound"] = "<Response><Pause length='8'/></Response>"
    await place(network, app, send_digits="1", detection=Detection(True, f"{app.base_url}/amd"))
    assert app.to("/amd") == []


async def test_digits_are_sent_before_the_instructions_are_asked_for(
    network: TelephoneNetwork, app: AnsweringApp
) -> None:
    app.twiml["/outbound"] = "<Response><Say>Hello</Say></Response>"
    call = await place(network, app, send_digits="wwww12")
    (sent,), (said,) = call.journal.find("send digits"), call.journal.find("say")
    assert sent["digits"] == "wwww12"
    assert said["at_ms"] - sent["at_ms"] >= 2300


async def test_the_longest_a_call_may_last(network: TelephoneNetwork, app: AnsweringApp) -> None:
    app.twiml["/outbound"] = "<Response><Pause length='500'/></Response>"
    call = await place(network, app, time_limit_s=30.0)
    assert (call.hung_up_by, call.duration_s) == ("time limit", 30)
