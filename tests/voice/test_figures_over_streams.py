"""The record of a call that went over several streams tells of all of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from functions.voice.speech.model import ToolCall, Usage
from tests.voice.phone import Phone
from tests.voice.streams import elsewhere, exchange, greeted, taken_up
from tests.voice.test_calls import house
from tests.voice.test_hand_over import handed_over, two_agents

pytestmark = pytest.mark.virtual_time


async def test_the_record_of_a_call_over_two_streams_has_both_streams_figures() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await greeted(home)
        session.says("Hello, this is Tara.", 800)
        await asyncio.sleep(1)
        await exchange(phone, session, "कल सुबह आना है, क्या समय है?", "जी हाँ, कल सुबह दस बजे समय है।")
        session.sends(Usage({"audio": 100, "text": 7}, {"audio": 40}))
        await asyncio.sleep(0.1)
        session.breaks()
        await greeted(home, 2)
        phone.drop()
        await call
        first = home.call()
        call = await taken_up(home, phone)
        third = await greeted(home, 3)
        third.says("Sorry, where were we?", 600)
        await asyncio.sleep(1)
        await exchange(phone, third, "What do you charge for a visit?", "It is six hundred rupees for a visit.")
        third.sends(Usage({"audio": 50}, {"audio": 20}))
        third.breaks()
        await greeted(home, 4)
        phone.hang_up()
        await call
        whole = home.call()
        assert (whole["streams"], whole["streams_counted"], whole["ending"]) == (2, 2, "caller_hung_up")
        assert whole["language"] == "en", "the call began in it"
        assert (whole["languages"], whole["spoken_language"]) == (["en", "hi"], "en")
        assert whole["usage"] == {"input_audio": 150, "input_text": 7, "output_audio": 60}
        assert whole["usage_by_model"] == {whole["model"]: whole["usage"]}
        assert whole["stream_ms"] > first["stream_ms"] + 3_000
        assert len(whole["latency"]["answers_ms"]) == 2
        assert whole["latency"]["first_audio_ms"] == first["latency"]["first_audio_ms"]
        assert whole["counters"]["model_moves"] == {"broken": 2}
        assert whole["language_use"]["answers"] == first["language_use"]["answers"] + 1 == 2
        await home.services.journal.flush(5)
        assert home.call() == whole


async def test_a_stream_whose_process_died_leaves_a_gap_that_the_record_tells() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        (await greeted(home)).sends(Usage({"audio": 100}, {}))
        await home.services.journal.flush(5)
        died = {path: (dict(data), version) for path, (data, version) in home.store.documents.items()}
        phone.drop()
        await call
        home.store.documents.clear()
        home.store.documents.update(died)
        other = elsewhere(home)
        phone = Phone(other.app)
        call = await taken_up(other, phone)
        (await greeted(home, 2)).sends(Usage({"audio": 50}, {}))
        await asyncio.sleep(0.1)
        phone.hang_up()
        await call
        assert (home.call()["streams"], home.call()["streams_counted"]) == (2, 1)
        assert home.call()["usage"] == {"input_audio": 50}


async def test_why_an_earlier_stream_was_lost_is_not_forgotten_by_one_that_went_well() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        await greeted(home)
        phone.drop()
        await call
        failed: dict[str, Any] = {"what": "speech model failed", "code": 1011}
        await home.store.update(f"calls/{phone.call_sid}", {"failure": failed})
        call = await taken_up(home, phone)
        await greeted(home, 2)
        phone.hang_up()
        await call
        assert home.call()["failure"] == failed


async def test_agents_of_earlier_streams_are_named_as_well() -> None:
    async with two_agents() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        second = await handed_over(home, phone, await home.model.session())
        await second.is_told()
        phone.drop()
        await call
        call = await taken_up(home, phone)
        third = await greeted(home, 3)
        third.sends(ToolCall("h2", "hand_over", {"to": "reception"}))
        await greeted(home, 4)
        phone.hang_up()
        await call
        assert home.call()["agents"] == ["reception", "loans", "reception"]
