"""Tools in a campaign's call: what they achieve is the attempt's, and the record they open is the contact's."""

from __future__ import annotations

import asyncio

import pytest

from functions.voice.speech.model import ToolCall, ToolCallsCancelled
from shared.domain.agent_tools import OwnRecord
from shared.domain.campaign import Voicemail
from shared.domain.contact import contact_path
from tests.voice.phone import token_in, verbs
from tests.voice.test_calls import TARA
from tests.voice.test_machines import PERSON, Answered, answered

pytestmark = pytest.mark.virtual_time

NO_MESSAGE = Voicemail()
OURS, THEIRS = "+13105550100", "+919810000201"
AGENT = TARA.model_copy(
    update={
        "tools": ("transfer_call", "end_call", "lookup_record", "update_record"),
        "transfer_numbers": {"desk": "+912212345678"},
        "own_record": OwnRecord(readable=("name", "policy"), writable=("policy",)),
    }
)


async def outcome(call: Answered) -> str | None:
    read = await call.home.services.attempts.read("a1")
    assert read is not None
    return None if read[0].outcome is None else str(read[0].outcome)


async def test_a_transfer_that_nobody_took_is_none_and_what_follows_counts() -> None:
    async with answered(NO_MESSAGE, agent=AGENT) as call:
        await call.session.is_told()
        call.agent_says("Hello, this is Tara.", 800)
        await call.says("Can I talk to somebody?")
        call.session.sends(ToolCall("t1", "transfer_call", {"to": "desk"}))
        await call.carried
        assert await outcome(call) == "transferred"
        dialled = await call.phone.post("/voice/after", From=OURS, To=THEIRS)
        assert 'callerId="+13105550100"' in dialled.text, "the person sees our number, not the contact's"
        back = await call.phone.post("/voice/after", DialCallStatus="busy", From=OURS, To=THEIRS)
        assert verbs(back.text) == ["Connect", "Redirect"]
        assert await outcome(call) is None
        again = asyncio.create_task(call.phone.stream(token_in(back.text)))
        second = await call.home.model.session(2)
        await second.is_told()
        second.says("Nobody is free.", 600)
        second.sends(ToolCall("t2", "end_call", {"reason": "not_interested"}))
        await again
        assert await call.ends() == "human"
        assert await outcome(call) == "not_interested"


async def test_the_contacts_own_record_is_opened_and_no_other() -> None:
    async with answered(NO_MESSAGE, agent=AGENT) as call:
        await call.session.is_told()
        call.session.sends(ToolCall("u1", "update_record", {"field": "policy", "value": "gold"}))
        await call.session.is_told()
        call.session.sends(ToolCall("l1", "lookup_record", {}))
        await call.session.is_told()
        assert [answer.response["status"] for answer in call.session.answers] == ["ok", "ok"]
        assert call.session.answers[1].response["fields"] == {"policy": "gold"}
        contact = call.home.store.documents[contact_path("c1", PERSON)][0]
        assert contact["variables"] == {"policy": "gold"}


async def test_what_a_tool_did_counts_though_the_model_took_it_back_and_what_it_wished_of_the_call_does_not() -> None:
    agent = AGENT.model_copy(update={"tools": ("opt_out", "end_call")})
    async with answered(NO_MESSAGE, agent=agent) as call:
        await call.session.is_told()
        call.agent_says("Hello, this is Tara.", 800)
        await call.says("Do not call me again.")
        call.session.sends(ToolCall("o1", "opt_out", {}))
        call.session.sends(ToolCall("e1", "end_call", {"reason": "not_interested"}))
        call.session.sends(ToolCallsCancelled(("o1", "e1")))
        await asyncio.sleep(4)
        assert not call.carried.done()
        assert call.session.answers == []
        call.phone.hang_up()
        await call.ends()
        assert await outcome(call) == "do_not_call"
        assert any(path.startswith("suppressions/") for path in call.home.store.documents)
