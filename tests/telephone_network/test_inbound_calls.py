"""Somebody calls one of our numbers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from local.telephone_network import NoSuchClip, TelephoneNetwork
from local.telephone_network.calls.call import Call
from shared.domain.call_status import CallStatus
from tests.telephone_network.answering_app import AnsweringApp
from tests.telephone_network.conftest import ACCOUNT_SID, CALLER, OUR_NUMBER

pytestmark = [pytest.mark.virtual_time, pytest.mark.portable]

LISTEN = [{"wait": "hang_up"}]


async def call(network: TelephoneNetwork, steps: Sequence[object] | None = None) -> Call:
    call = network.dial(CALLER, OUR_NUMBER, steps or LISTEN)
    await call.over.wait()
    return call


async def test_a_call_is_announced_answered_and_reported(network: TelephoneNetwork, app: AnsweringApp) -> None:
    app.twiml["/voice"] = "<Response><Pause length='3'/></Response>"
    done = await call(network)
    (voice,) = app.to("/voice")
    assert voice.signed
    assert voice.fields["CallSid"] == done.sid
    assert voice.fields["AccountSid"] == ACCOUNT_SID
    assert (voice.fields["From"], voice.fields["To"]) == (CALLER, OUR_NUMBER)
    assert (voice.fields["Caller"], voice.fields["Called"]) == (CALLER, OUR_NUMBER)
    assert (voice.fields["CallStatus"], voice.fields["Direction"]) == ("ringing", "inbound")
    assert voice.fields["FromCity"] == ""
    assert voice.fields["StirVerstat"] == "TN-Validation-Passed-A"
    assert done.status is CallStatus.COMPLETED
    await network.exchange.time.sleep(1)
    (status,) = app.to("/status")
    assert status.signed
    assert status.fields["CallStatus"] == "completed"
    assert status.fields["CallDuration"] == "3"
    assert status.fields["Duration"] == "1"
    assert status.fields["SequenceNumber"] == "0"
    assert status.fields["CallbackSource"] == "call-progress-events"


async def test_the_caller_hangs_up(network: TelephoneNetwork, app: AnsweringApp) -> None:
    app.twiml["/voice"] = "<Response><Pause length='60'/></Response>"
    done = await call(network, [{"wait": 2}, {"hang_up": True}])
    assert done.hung_up_by == "person"
    assert done.duration_s == 2
    assert done.person == {"steps": 2, "done": 2, "gave_up": False}


@pytest.mark.parametrize(("reason", "status"), [("busy", CallStatus.BUSY), ("rejected", CallStatus.NO_ANSWER)])
async def test_a_rejected_call_is_never_answered(
    network: TelephoneNetwork, app: AnsweringApp, reason: str, status: CallStatus
) -> None:
    app.twiml["/voice"] = f"<Response><Reject reason='{reason}'/></Response>"
    done = await call(network)
    assert done.status is status
    assert done.answered_at is None
    assert done.duration_s is None


async def test_bad_twiml_is_an_application_error_heard_by_the_caller(
    network: TelephoneNetwork, app: AnsweringApp
) -> None:
    app.twiml["/voice"] = "<Response><Say>Hello"
    done = await call(network)
    assert [error["code"] for error in done.journal.find("error")] == [12100]
    assert done.journal.find("application error")
    assert "application error" in done.journal.find("say")[0]["text"]
    assert done.status is CallStatus.COMPLETED


async def test_the_fallback_is_asked_when_the_voice_url_fails(network: TelephoneNetwork, app: AnsweringApp) -> None:
    network.own(OUR_NUMBER, voice_url="http://127.0.0.1:9/nobody", voice_fallback_url=f"{app.base_url}/fallback")
    app.twiml["/fallback"] = "<Response><Say>Please call later</Say></Response>"
    done = await call(network)
    (fallback,) = app.to("/fallback")
    assert fallback.signed
    assert fallback.fields["ErrorCode"] == "11205"
    assert fallback.fields["ErrorUrl"] == "http://127.0.0.1:9/nobody"
    assert done.journal.find("say")[0]["text"] == "Please call later"


async def test_a_server_that_takes_too_long_is_given_up(network: TelephoneNetwork, app: AnsweringApp) -> None:
    app.slow["/voice"] = 20
    done = await call(network)
    await network.exchange.time.sleep(10)
    assert done.journal.find("error")[0]["reason"] == "timed out"


async def test_a_script_without_a_clip_is_refused_before_anybody_dials(network: TelephoneNetwork) -> None:
    with pytest.raises(NoSuchClip):
        network.dial(CALLER, OUR_NUMBER, [{"say": "never_recorded"}])
    assert network.exchange.calls == {}


async def test_a_call_to_a_number_that_is_not_ours(network: TelephoneNetwork) -> None:
    with pytest.raises(KeyError):
        network.dial(CALLER, "+19995550000")


async def test_a_caller_does_not_let_it_ring_for_ever(network: TelephoneNetwork) -> None:
    network.misbehave("webhook_lost", event="voice")
    done = network.dial(CALLER, OUR_NUMBER, {"steps": [], "rings_s": 20})
    await done.over.wait()
    assert (done.status, done.hung_up_by) == (CallStatus.CANCELED, "person")
    assert done.journal.at_ms == pytest.approx(20_000, abs=50)


async def test_who_rang_when_is_on_record(network: TelephoneNetwork, app: AnsweringApp) -> None:
    done = await call(network)
    assert [(ring["number"], ring["call_sid"]) for ring in network.exchange.rings] == [(OUR_NUMBER, done.sid)]
