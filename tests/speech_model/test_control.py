"""The side door: faults in, records out."""

from __future__ import annotations

import io
import wave

import pytest
from google.genai import errors

from tests.speech_model.live_caller import Speech, sound


async def test_faults_are_planned_seen_and_forgotten(speech: Speech) -> None:
    async with speech.http() as http:
        planned = await http.post("/control/faults", json=[{"kind": "empty_turn"}, {"kind": "refuse", "status": 429}])
        assert planned.json() == [{"kind": "empty_turn"}, {"kind": "refuse", "status": 429}]
        assert len((await http.post("/control/faults", json={"kind": "tone"})).json()) == 3
        assert (await http.delete("/control/faults")).status_code == 204
        assert (await http.get("/control/faults")).json() == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "as JSON"),
        (b"[1]", "as JSON"),
        (b'{"kind": "bored"}', "kind"),
        (b'{"kind": "freeze", "hour": 3}', "hour"),
        (b'{"kind": "refuse", "at": "caller_turn"}', "cannot happen"),
    ],
)
async def test_a_fault_that_is_none_is_refused(speech: Speech, body: bytes, told: str) -> None:
    async with speech.http() as http:
        refused = await http.post("/control/faults", content=body)
    assert refused.status_code == 400
    assert told in refused.text


async def test_what_a_session_got_can_be_read(speech: Speech) -> None:
    async with speech.call() as caller:
        await caller.greeted()
        await caller.makes_a_sound(300)
        await caller.answer()
    async with speech.http() as http:
        (record,) = (await http.get("/control/sessions")).json()
        assert (await http.get("/control/sessions/1")).json()["number"] == 1
        recorded = (await http.get("/control/sessions/1/audio.wav")).content
        assert (await http.get("/control/sessions/9")).status_code == 404
    assert record["dialogue"] == "clinic"
    assert record["texts"] == ["[The caller is on the line now. Greet them.]"]
    assert [heard["phrase"] for heard in record["heard"]] == ["book_en"]
    assert [said["line"] for said in record["said"]] == ["hello_en", "when_en"]
    assert record["setup"]["model"].endswith("live-preview")
    assert record["closed"] == {"by": "client", "code": 1000}
    with wave.open(io.BytesIO(recorded)) as wav:
        assert wav.getparams()[:3] == (1, 2, 16_000)
        assert wav.readframes(wav.getnframes()).startswith(sound(300))


async def test_an_open_session_can_be_struck_at_once(speech: Speech) -> None:
    async with speech.call() as caller, speech.http() as http:
        await caller.greeted()
        await http.post("/control/sessions/1/faults", json={"kind": "go_away", "time_left_ms": 30_000, "closes": False})
        await caller.until("go_away")
        assert caller.go_away == "30s"
        await http.post("/control/sessions/1/faults", json={"kind": "close", "code": 1011, "reason": "now"})
        with pytest.raises(errors.APIError, match="now"):
            await caller.answer()


async def test_a_server_that_stops_says_goodbye(speech: Speech) -> None:
    async with speech.call() as caller:
        await caller.greeted()
        for connection in speech.server.connections.values():
            await connection.leave()
        with pytest.raises(errors.APIError) as ended:
            await caller.answer()
    assert ended.value.code == 1001
