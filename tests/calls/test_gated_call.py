"""A call on the real wires in which Parley says when the caller speaks, and the model is told so."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.calls.test_whole_call import laptop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

LISTENS_AND_ASKS = {
    "voice": "bf_emma",
    "steps": [
        {"interrupt": {"after_ms": 600, "say": "hello_en"}},
        {"wait": "agent_done"},
        {"say": "hours_question_en"},
        {"interrupt": {"after_ms": 600, "say": "backchannel_ok_en"}},
        {"wait": 0.7},
        {"hang_up": True},
    ],
}


async def test_hello_and_ok_stop_nobody_and_the_model_hears_the_question_alone(tmp_path: Path) -> None:
    async with laptop(tmp_path) as home:
        shipped = (await home.http.get("/api/agents/reception")).json()["agent"]
        gated = {**shipped, "turn_taking": {"mode": "parley"}}
        (await home.http.put("/api/agents/reception", json=gated)).raise_for_status()
        _, call = await home.call(LISTENS_AND_ASKS)
        async with httpx.AsyncClient() as http:  # trusts what SSL_CERT_FILE names
            (session,) = (await http.get(f"{home.speech_model}/control/sessions")).json()
    assert call["ending"] == "caller_hung_up"
    assert [turn["speaker"] for turn in call["turns"]] == ["agent", "caller", "agent"]
    greeting, question, answer = call["turns"]
    assert not greeting["cut_off"]
    assert question["text"] == "What are your opening hours?"
    kinds = [event["kind"] for event in call["events"]]
    assert "barge_in" not in kinds
    assert kinds.count("backchannel") >= 1
    assert answer["heard_ms"] >= 600
    realtime = session["setup"]["realtimeInputConfig"]
    assert realtime["automatic_activity_detection"] == {"disabled": True}
    # One turn, begun and ended; nothing was sent that nobody would have heard.
    assert [one["started"] for one in session["activities"]] == [True, False]
    assert (session["dropped_s"], session["interruptions"], len(session["heard"])) == (0, 0, 1)
