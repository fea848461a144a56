"""What the law wants a called person to hear is said again when they spoke over it."""

from __future__ import annotations

import asyncio

import pytest

from functions.voice.errand import Errand
from functions.voice.prompts import OPENING_IS_OWED
from functions.voice.speech.model import AgentText, CallerText, Interrupted
from shared.domain.calling_rules import Purpose
from shared.domain.campaign import Voicemail
from shared.domain.disclosure import wordings
from shared.store.agents import shipped_agents
from tests.domain.builders import a_campaign, a_contact
from tests.voice.test_calls import TARA
from tests.voice.test_machines import Answered, answered

pytestmark = pytest.mark.virtual_time


async def speak_over(call: Answered, words: str) -> None:
    """The agent says something long, and whoever answered speaks over it."""
    call.session.sends(AgentText(words))
    call.session.speaks(6_000)
    await asyncio.sleep(1.5)
    speaking = asyncio.create_task(call.phone.speaks(800))
    await asyncio.sleep(0.4)
    call.session.sends(Interrupted(), CallerText("Hello?"))
    await speaking
    await asyncio.sleep(0.6)


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("language", ["en-IN", "hi-IN"])
@pytest.mark.parametrize("greeting", ["Hello, this is Tara. Shall we talk?", "नमस्ते, मैं तारा हूँ।", ""])
def test_everybody_who_is_called_hears_that_a_machine_calls_for_whom_and_how_to_stop(
    purpose: Purpose, language: str, greeting: str
) -> None:
    tags = dict.fromkeys(("en", "hi"), greeting) if greeting else {}
    agent = TARA.model_copy(update={"greeting": tags})
    errand = Errand("a1", a_contact(), a_campaign(purpose=purpose))
    said = errand.greeting(agent, language, recorded=True)
    wording = wordings()[language[:2]]
    assert said.endswith(f"{wording.recorded} {wording.stop}")
    assert agent.company in said
    assert ("automated" in said) or ("ऑटोमेटेड" in said)


def test_an_agents_own_words_open_other_calls_than_marketing_if_they_say_how_to_stop() -> None:
    renewal = shipped_agents()["renewal"]
    for purpose in Purpose:
        said = Errand("a1", a_contact(), a_campaign(purpose=purpose)).greeting(renewal, "hi-IN", recorded=False)
        assert "स्टॉप" in said
        assert ("क्या अभी बात हो सकती है" in said) == (purpose is not Purpose.MARKETING)


@pytest.mark.parametrize("purpose", [Purpose.MARKETING, Purpose.SERVICE])
async def test_a_hello_over_the_opening_of_marketing_makes_the_agent_say_the_rest_of_it(purpose: Purpose) -> None:
    async with answered(Voicemail(), purpose=purpose) as call:
        await call.session.is_told()
        await speak_over(call, "नमस्ते, मैं तारा हूँ, एक ऑटोमेटेड असिस्टेंट। आगे कॉल न चाहें, तो नौ दबाएँ।")
        told = [text for text in call.session.context if OPENING_IS_OWED in text]
        assert len(told) == (purpose is Purpose.MARKETING)


@pytest.mark.parametrize("takes_context", [True, False])
async def test_a_model_that_cannot_be_told_at_once_says_the_rest_of_the_opening_after_its_answer(
    takes_context: bool,
) -> None:
    async with answered(Voicemail(), purpose=Purpose.MARKETING) as call:
        await call.session.is_told()
        call.session.takes_context = takes_context
        await speak_over(call, "नमस्ते, मैं तारा हूँ, एक ऑटोमेटेड असिस्टेंट। आगे कॉल न चाहें, तो नौ दबाएँ।")
        assert OPENING_IS_OWED not in call.session.texts
        call.agent_says("जी, नमस्ते।", 600)
        await asyncio.sleep(2)
        assert call.session.texts.count(OPENING_IS_OWED) == (0 if takes_context else 1)
        call.agent_says("आगे कॉल न चाहें, तो नौ दबाएँ।", 1_500)
        await asyncio.sleep(4)
        assert call.session.texts.count(OPENING_IS_OWED) == (0 if takes_context else 1), "once is enough"


async def test_once_it_was_heard_nobody_hears_it_again() -> None:
    async with answered(Voicemail(), purpose=Purpose.MARKETING) as call:
        await call.session.is_told()
        call.agent_says("नमस्ते, मैं तारा हूँ, एक ऑटोमेटेड असिस्टेंट।", 2_000)
        await asyncio.sleep(2.5)
        await call.says("हाँ जी?")
        await speak_over(call, "आपकी मेंबरशिप तीस नवंबर को खत्म हो रही है।")
        assert call.session.context
        assert not any(OPENING_IS_OWED in text for text in call.session.context)
