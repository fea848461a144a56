"""A conversation's languages: tagged turn by turn, counted, and corrected once when the model drifts."""

from __future__ import annotations

import asyncio

import pytest

from functions.voice.language_watch import NEXT_COURSE, Course, CourseEvent, LanguageWatch
from functions.voice.speech.model import CallerText
from shared.domain.agent import LanguagePolicy, Languages
from shared.domain.call import Speaker, Turn
from shared.domain.language import Tagger, py3langid
from tests.voice.phone import Phone
from tests.voice.test_calls import TARA, house

BOTH = Languages(start="en-IN", allowed=("en-IN", "hi-IN"))


def a_watch(languages: Languages = BOTH) -> LanguageWatch:
    return LanguageWatch(TARA.model_copy(update={"languages": languages}), languages.start, Tagger(py3langid()))


def turn(seq: int, speaker: Speaker, text: str) -> Turn:
    return Turn(seq=seq, speaker=speaker, text=text, language=None, start_ms=seq, end_ms=seq)


def caller(seq: int, text: str) -> Turn:
    return turn(seq, Speaker.CALLER, text)


def agent(seq: int, text: str) -> Turn:
    return turn(seq, Speaker.AGENT, text)


def test_a_turn_that_says_too_little_is_in_the_speakers_last_language() -> None:
    watch = a_watch()
    assert watch.tagged(caller(1, "ok")).language == "en"
    assert watch.tagged(caller(2, "मुझे कल आना है")).language == "hi"
    assert watch.tagged(caller(3, "ok")).language == "hi"
    assert watch.tagged(caller(4, "ok")).script == "Latn"


def test_words_that_come_late_change_the_turn_and_are_counted_once() -> None:
    watch = a_watch()
    watch.tagged(caller(1, "doctor"))
    assert watch.tagged(caller(1, "doctor ki fees kitni hai")).language == "hi-en"
    watch.tagged(agent(2, "छह सौ रुपये है जी"))
    assert watch.use().to_document() | {"corrections": 0} == {
        "answers": 1,
        "followed": 1,
        "share": 1.0,
        "switches": 1,
        "turns_to_follow": [1],
        "outside": 0,
        "corrections": 0,
    }


def test_a_drift_is_corrected_once_in_the_callers_language() -> None:
    watch = a_watch()
    watch.tagged(caller(1, "मुझे कल सुबह आना है"))
    watch.tagged(agent(2, "Desculpe, não entendi o que você disse"))
    drift = watch.correction()
    assert drift is not None
    assert (drift.spoken, drift.allowed, drift.wanted) == ("Portuguese", ("English", "Hindi"), "Hindi")
    assert watch.correction() is None
    watch.tagged(agent(3, "Você pode repetir, por favor?"))
    assert watch.correction() is None  # still the same drift
    watch.tagged(agent(4, "माफ़ कीजिए, कल सुबह ठीक है"))
    watch.tagged(agent(5, "Não entendi o que você disse"))
    assert watch.correction() is not None
    assert (watch.use().outside, watch.use().corrections) == (3, 2)


def test_a_model_that_comes_back_by_itself_is_not_told() -> None:
    watch = a_watch()
    watch.tagged(agent(1, "Desculpe, não entendi o que você disse"))
    watch.tagged(agent(2, "Sorry, could you say that again?"))
    assert watch.correction() is None


def test_an_agent_that_stays_drifts_as_soon_as_it_follows_the_caller() -> None:
    watch = a_watch(Languages(start="hi-IN", allowed=("hi-IN", "en-IN"), policy=LanguagePolicy.STAY))
    watch.tagged(caller(1, "Can you speak English please?"))
    watch.tagged(agent(2, "Of course, what can I do for you?"))
    drift = watch.correction()
    assert drift is not None
    assert (drift.allowed, drift.wanted) == (("Hindi",), "Hindi")


def test_an_agent_without_a_list_cannot_drift() -> None:
    watch = a_watch(Languages(start="en"))
    watch.tagged(agent(1, "Desculpe, não entendi o que você disse"))
    assert watch.correction() is None


def test_an_agent_that_takes_over_is_held_to_its_own_languages() -> None:
    watch = a_watch()
    watch.tagged(caller(1, "Can I speak to somebody in German?"))
    watch.tagged(agent(2, "Sure, one moment please, I will put you through."))
    german = TARA.model_copy(update={"id": "berlin", "languages": Languages(start="de-DE", allowed=("de-DE",))})
    watch.passes_to(german, "de-DE")
    watch.tagged(agent(3, "Guten Tag, was kann ich für Sie tun?"))
    assert watch.correction() is None
    watch.tagged(caller(4, "Ich hätte gern einen Termin"))
    watch.tagged(agent(5, "Sure, what time would be good for you?"))
    drift = watch.correction()
    assert drift is not None
    assert (drift.spoken, drift.wanted) == ("English", "German")
    assert (watch.use().followed, watch.use().outside) == (1, 1)


def test_every_course_has_a_row_for_what_the_agent_speaks() -> None:
    spoken = (CourseEvent.INSIDE, CourseEvent.OUTSIDE)
    assert {(course, event) for course in Course for event in spoken} <= set(NEXT_COURSE)
    assert {course for course, event in NEXT_COURSE if event is CourseEvent.CORRECTED} == {Course.DRIFTED}


@pytest.mark.virtual_time
async def test_on_a_call_the_model_is_told_at_a_quiet_moment_and_the_record_says_how_it_went() -> None:
    """A Hindi caller is answered in Portuguese, which the caller hears to its end; then the model is told, once."""
    async with house(
        TARA.model_copy(update={"languages": BOTH, "greeting": {"en-IN": "Hello, this is Tara."}})
    ) as home:
        home.services.tagger.use(py3langid())
        phone = Phone(home.app)
        token = await phone.dial()
        call = asyncio.create_task(phone.stream(token))
        session = await home.model.session()
        await session.is_told()
        session.says("Hello, this is Tara.", 1200)
        await asyncio.sleep(1.5)
        await phone.speaks(1000)
        session.sends(CallerText("मुझे कल सुबह आना है"))
        await asyncio.sleep(0.8)
        told = len(session.texts)
        session.says("Desculpe, não entendi o que você disse.", 2000)
        await asyncio.sleep(1.5)
        assert len(session.texts) == told  # not while it is being heard
        await asyncio.sleep(1.2)
        assert len(session.texts) == told + 1
        assert "You have just spoken Portuguese" in session.texts[-1]
        assert "English, Hindi. Say what you said again now, briefly, in Hindi" in session.texts[-1]
        session.says("कल सुबह ठीक है, कितने बजे?", 1000)
        await asyncio.sleep(3)
        phone.hang_up()
        await call
        use = home.call()["language_use"]
        assert (use["answers"], use["followed"], use["turns_to_follow"]) == (2, 1, [2])
        assert (use["outside"], use["corrections"], use["switches"]) == (1, 1, 1)
        assert [turn["language"] for turn in home.part("turns")] == ["en", "hi", "pt", "hi"]
        assert [turn["script"] for turn in home.part("turns")] == ["Latn", "Deva", "Latn", "Deva"]
        drifts = [event for event in home.part("events") if event["kind"] == "language_drift"]
        assert [event["fields"] for event in drifts] == [{"language": "Portuguese"}]
