"""What answers an outbound call is a person or a machine; detection tells late, or wrongly, or never."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from functions.voice.speech.model import CallerText, ToolCall
from shared.domain.agent import Agent
from shared.domain.attempt import Attempt, AttemptState, attempt_path
from shared.domain.call_status import CallStatus
from shared.domain.calling_rules import Purpose
from shared.domain.campaign import Campaign, CampaignState, Voicemail, campaign_path
from shared.domain.contact import Consent, ConsentStatus, Contact, contact_path
from shared.store.attempts import attempt_document
from shared.store.settlement import contact_fields
from tests.voice.phone import Phone, token_in
from tests.voice.scripted_model import ScriptedSession
from tests.voice.test_calls import TARA, House, house

pytestmark = pytest.mark.virtual_time

MESSAGE = {"en": "We will call again.", "hi-IN": "हम फिर से कॉल करेंगे।"}
PERSON = "0123456789abcdef" * 4
LEAVES = Voicemail(leave_message=True, message=MESSAGE)


@dataclass
class Answered:
    """A call that we placed, and that has been answered."""

    home: House
    phone: Phone
    session: ScriptedSession
    carried: asyncio.Task[None]

    async def detects(self, word: str) -> None:
        """Machine detection's callback."""
        await self.phone.post("/voice/amd?attempt=a1", AnsweredBy=word)

    async def says(self, text: str, ms: int = 1500) -> None:
        """Whoever answered speaks, and is understood."""
        await self.phone.speaks(ms)
        self.session.sends(CallerText(text))
        await asyncio.sleep(1.0)

    def agent_says(self, text: str, ms: int) -> None:
        """The model speaks."""
        self.session.says(text, ms)

    async def ends(self) -> str:
        """Twilio says that it is over; how the attempt ended."""
        await self.carried
        await self.phone.post("/voice/status?attempt=a1", CallStatus="completed", SequenceNumber="4", CallDuration="20")
        await asyncio.sleep(2)  # what was said last is understood, and told
        read = await self.home.services.attempts.read("a1")
        assert read is not None
        return str(read[0].disposition)


@asynccontextmanager
async def placed(
    voicemail: Voicemail,
    language: str = "hi",
    agent: Agent = TARA,
    *,
    ready: int = 0,
    extension: str = "",
    **more: Any,
) -> AsyncIterator[House]:
    """The carrier has taken a campaign's call; it does not ring yet."""
    async with house(agent, ready=ready) as home:
        campaign = Campaign(
            id="c1", name="Renewals", agent_id="reception", list_id="l1", state=CampaignState.RUNNING, loaded=True,
            purpose=Purpose.SERVICE, voicemail=voicemail,
        ).changed(**more)  # fmt: skip
        contact = Contact(
            id=PERSON, campaign_id="c1", phone="+919810000201", country="IN", time_zones=("Asia/Kolkata",),
            consent=Consent(status=ConsentStatus.GRANTED), language=language, extension=extension,
        )  # fmt: skip
        now = home.services.clock.now()
        attempt = Attempt(
            id="a1", campaign_id="c1", contact_id=PERSON, attempt_no=1, created_at=now, sent_at=now, fence=1,
            state=AttemptState.ACCEPTED, sid=Phone(home.app).call_sid,
        )  # fmt: skip
        await home.store.create(campaign_path("c1"), campaign.to_document())
        await home.store.create(contact_path("c1", PERSON), contact_fields(contact))
        await home.store.create(attempt_path("a1"), attempt_document(attempt, now))
        yield home


@asynccontextmanager
async def answered(
    voicemail: Voicemail, language: str = "hi", agent: Agent = TARA, **more: Any
) -> AsyncIterator[Answered]:
    async with placed(voicemail, language, agent, **more) as home:
        phone = Phone(home.app)
        connected = await phone.post("/voice/outbound/a1?fence=1", CallStatus=str(CallStatus.IN_PROGRESS))
        call = asyncio.create_task(phone.stream(token_in(connected.text)))
        session = await home.model.session()
        yield Answered(home, phone, session, call)
        if not call.done():
            phone.hang_up()
            await call


async def test_a_person_is_greeted_at_once_and_never_waits_for_detection() -> None:
    async with answered(LEAVES) as call:
        begun_s = asyncio.get_running_loop().time()
        await call.session.is_told()
        assert asyncio.get_running_loop().time() - begun_s < 0.1
        call.agent_says("नमस्ते, मैं तारा हूँ।", 3000)
        await call.phone.hears_something()
        await asyncio.sleep(3)
        await call.says("हाँ जी, बताइए।")
        call.agent_says("धन्यवाद।", 1000)
        await asyncio.sleep(15)
        call.phone.hang_up()
        assert await call.ends() == "human"


@pytest.mark.parametrize(
    ("language", "words"), [("hi", MESSAGE["hi-IN"]), ("en", MESSAGE["en"]), ("de", MESSAGE["en"])]
)
async def test_the_message_is_left_after_the_beep_in_the_contacts_language(language: str, words: str) -> None:
    async with answered(LEAVES, language) as call:
        await call.session.is_told()
        call.agent_says("नमस्ते, मैं तारा हूँ।", 9000)  # still to be heard when the beep is over
        await asyncio.sleep(6)
        assert not any(words in text for text in call.session.texts)
        await call.detects("machine_end_beep")
        await asyncio.sleep(1.5)
        assert call.phone.clears == 1
        played_ms = call.phone.played_ms
        assert words in call.session.texts[-1]
        await asyncio.sleep(1)
        assert call.phone.played_ms == played_ms  # nothing of what was being said gets onto the machine
        call.agent_says(words, 2000)
        call.session.sends(ToolCall("t1", "end_call", {"reason": "voicemail"}))
        assert await call.ends() == "voicemail_left"
        assert call.phone.played_ms == pytest.approx(played_ms + 2000, abs=40)


async def test_a_model_that_knows_the_machine_by_its_greeting_waits_for_the_beep_as_well() -> None:
    async with answered(LEAVES) as call:
        await call.says("कृपया बीप के बाद अपना संदेश छोड़ें।", 3000)
        call.session.sends(ToolCall("t1", "end_call", {"reason": "voicemail"}))
        await asyncio.sleep(4)
        assert not call.carried.done()
        await call.detects("machine_end_beep")
        await asyncio.sleep(1.5)
        assert MESSAGE["hi-IN"] in call.session.texts[-1]
        call.agent_says(MESSAGE["hi-IN"], 2000)
        assert await call.ends() == "voicemail_left"  # whether or not the model ends the call once more


async def test_what_the_model_answers_to_the_greeting_is_not_put_on_the_machine() -> None:
    async with answered(LEAVES) as call:
        await call.phone.speaks(3000)
        call.session.sends(CallerText("कृपया बीप के बाद अपना संदेश छोड़ें।"))
        await call.detects("machine_end_beep")
        await asyncio.sleep(1.5)
        assert not any("answering machine" in text for text in call.session.texts)  # an answer is owed, and waited for
        call.session.speaks(2000)
        await asyncio.sleep(0.3)
        assert call.phone.clears == 1
        call.session.speaks(2000)
        call.session.sends(ToolCall("t0", "end_call", {"reason": "voicemail"}))
        fresh = await call.home.model.session(2)  # the old one goes on with what nobody wants to hear
        await asyncio.sleep(1)
        assert MESSAGE["hi-IN"] in fresh.texts[-1]
        assert call.phone.played_ms <= 200
        fresh.says(MESSAGE["hi-IN"], 2000)
        assert await call.ends() == "voicemail_left"
        assert call.phone.played_ms == pytest.approx(2000, abs=200)


async def test_the_message_is_left_though_the_model_tried_to_end_the_call_and_is_still_speaking() -> None:
    async with answered(LEAVES, "en") as call:
        await call.session.is_told()
        call.agent_says("Hello, this is Tara.", 900)
        await asyncio.sleep(1.2)
        await call.says("Please leave a message after the beep.", 2500)
        call.session.sends(ToolCall("t1", "end_call", {"reason": "voicemail"}))
        await call.session.is_told()
        call.session.speaks(400)
        await asyncio.sleep(0.3)
        await call.detects("machine_end_beep")
        fresh = await call.home.model.session(2)
        await fresh.is_told()
        assert [MESSAGE["en"] in text for text in fresh.texts] == [True]
        assert "end_call answered" in fresh.setup.history[-1][1]
        fresh.says(MESSAGE["en"], 2000)
        assert await call.ends() == "voicemail_left"


async def test_detection_that_never_hears_the_machine_does_not_hold_the_line() -> None:
    async with answered(LEAVES) as call:
        await call.says("Please leave a message after the beep.", 3000)
        call.session.sends(ToolCall("t1", "end_call", {"reason": "voicemail"}))
        await asyncio.sleep(2)
        await call.detects("human")
        assert await call.ends() == "voicemail_hangup"


async def test_a_machine_gets_nothing_where_the_campaign_leaves_no_message() -> None:
    async with answered(Voicemail()) as call:
        await call.session.is_told()
        await asyncio.sleep(2)
        await call.detects("machine_start")
        await asyncio.wait_for(asyncio.shield(call.carried), 2)
        assert await call.ends() == "voicemail_hangup"
        assert call.phone.played_ms == 0


async def test_a_greeting_in_several_sentences_is_no_conversation() -> None:
    async with answered(Voicemail()) as call:
        await call.says("The person you are calling is not available.")
        await call.says("Please leave a message after the tone.")
        await call.says("When you have finished recording, hang up.")
        await call.detects("machine_end_silence")
        assert await call.ends() == "voicemail_hangup"


@pytest.mark.parametrize("voicemail", [Voicemail(), LEAVES], ids=["hangs up", "leaves a message"])
async def test_detection_never_overrules_a_talk(voicemail: Voicemail) -> None:
    async with answered(voicemail) as call:
        await call.session.is_told()
        call.agent_says("नमस्ते, मैं तारा हूँ।", 2000)
        await asyncio.sleep(2.5)
        await call.says("हाँ जी, बताइए।")  # once, in answer to us, and not answered yet
        await call.detects("machine_start")
        await asyncio.sleep(0.5)
        call.agent_says("धन्यवाद।", 1000)
        await asyncio.sleep(4)
        assert not call.carried.done()
        assert not any("answering machine" in text for text in call.session.texts)
        call.phone.hang_up()
        assert await call.ends() == "human"


async def test_one_word_before_the_agents_is_no_talk_yet() -> None:
    async with answered(Voicemail()) as call:
        await call.says("हैलो?", 500)
        await call.detects("machine_start")
        assert await call.ends() == "voicemail_hangup"


async def test_a_marketing_message_says_who_calls() -> None:
    async with answered(LEAVES, "en", purpose=Purpose.MARKETING) as call:
        await call.detects("machine_end_beep")
        await asyncio.sleep(1.5)
        left = call.session.texts[-1]
        assert left.index("automated") < left.index("Asha Clinic") < left.index(MESSAGE["en"])


async def test_whoever_presses_nine_is_told_once_that_nobody_will_call_again() -> None:
    async with answered(Voicemail(), purpose=Purpose.MARKETING) as call:
        await call.session.is_told()
        call.agent_says("यह कॉल आपके लिए एक ऑफ़र के बारे में है।", 5000)
        await call.phone.hears_something()
        await asyncio.sleep(2)
        told = len(call.session.texts)
        call.phone.press("9")
        call.phone.press("9")
        await call.session.is_told()
        call.agent_says("ठीक है, अब हमारी कॉल नहीं आएगी। नमस्ते।", 500)
        await asyncio.sleep(14)
        assert call.phone.clears == 0
        said = call.session.texts[told:]
        assert [text for text in said if "does not want to be called again" in text] == said
        assert len(said) == 1
        kinds = call.home.kinds()
        assert (kinds.count("opt_out"), kinds.count("suppressed"), kinds.count("dtmf")) == (1, 1, 2)
    assert call.home.call()["outcome"] == "do_not_call"
