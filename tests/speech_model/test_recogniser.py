"""Whether callers are understood by their sound: after 8 kHz mu-law, 20 ms frames and Parley's resampler."""

from __future__ import annotations

import pytest

from local.dialogues import Dialogue, all_dialogues, voice_for
from local.speech_model.ear import Ear, SpeechEnded, voice_detector
from local.speech_model.grammar import Phrase, jsgf, matching
from local.speech_model.listener import Recogniser, TurnOrder
from local.speech_model.pronunciation import Word
from local.speech_model.recogniser import Recognised, recognise
from local.speech_model.script import Place
from local.speech_model.setup_message import AutomaticActivityDetection
from tests.speech_model.recordings import caller_clips, telephone_sound

EVERY = 3
"""All of them take a minute of computing."""
UNDERSTOOD = 0.95
"""On the clips of late 2026: 175 of 177 by every voice, in the state that expects the most other lines."""


def heard_turn(clip: str) -> SpeechEnded:
    """The clip as one turn of a caller."""
    ear = Ear(AutomaticActivityDetection(), 500, voice_detector(2))
    turns = [event for event in ear.feed(telephone_sound(clip) + bytes(32_000)) if isinstance(event, SpeechEnded)]
    assert len(turns) == 1, f"{clip} is not one turn"
    return turns[0]


def hardest_state(dialogue: Dialogue, phrase: str) -> str | None:
    """The state that hears this line and the most others."""
    intent = dialogue.caller_lines[phrase].intent
    states = [name for name in dialogue.states if dialogue.next_state(name, intent) is not None]
    return max(states, key=lambda name: len(dialogue.heard_in(name)), default=None)


def understood(dialogue: Dialogue, clip: str, state: str) -> Recognised | None:
    lines = [(phrase, line.text) for phrase, line in dialogue.caller_lines.items()]
    turn = heard_turn(clip)
    return recognise(lines, tuple(dialogue.heard_in(state)), turn.pcm, turn.speech_s)


def score(dialogue: Dialogue, clips: list[tuple[str, str]]) -> tuple[int, int, list[str]]:
    """Right ones, all, and what went wrong."""
    wrong = []
    tried = 0
    for clip, phrase in clips:
        state = hardest_state(dialogue, phrase)
        if state is None:
            continue
        tried += 1
        heard = understood(dialogue, clip, state)
        if heard is None or dialogue.caller_lines[heard.phrase].intent != dialogue.caller_lines[phrase].intent:
            wrong.append(f"{clip} in {state}: {heard}")
    return tried - len(wrong), tried, wrong


@pytest.mark.portable
@pytest.mark.parametrize(("agent", "caller"), [("reception", "meera"), ("reception", "rahul"), ("renewal", None)])
def test_the_callers_of_the_demo_are_understood(agent: str, caller: str | None) -> None:
    pytest.importorskip("pocketsphinx")
    dialogue = all_dialogues()[agent]
    script = dialogue.callers[caller or next(iter(dialogue.callers))]
    spoken = [(step.line, dialogue.caller_lines[step.line].language) for step in script.steps if step.line]
    clips = [(f"{line}_{voice_for(script.voice, language)}", line) for line, language in spoken]
    right, tried, wrong = score(dialogue, clips)
    assert right == tried > 0, wrong


@pytest.mark.timeout(120)
@pytest.mark.parametrize("agent", ["reception", "renewal"])
def test_recorded_callers_of_every_voice_are_understood(agent: str) -> None:
    pytest.importorskip("pocketsphinx")
    dialogue = all_dialogues()[agent]
    right, tried, wrong = score(dialogue, list(caller_clips(dialogue))[::EVERY])
    assert right >= UNDERSTOOD * tried > 0, wrong


@pytest.mark.parametrize("clip", ["weather_en_am_michael", "price_question_mixed_hf_beta", "name_john_en_am_michael"])
def test_a_line_that_is_not_expected_here_is_not_taken_for_one_that_is(clip: str) -> None:
    pytest.importorskip("pocketsphinx")
    assert understood(all_dialogues()["reception"], clip, "confirm_five") is None


async def test_nothing_is_asked_of_the_recogniser_where_nothing_can_be_said(recogniser: Recogniser) -> None:
    dialogue = all_dialogues()["reception"]
    deaf = next(name for name in dialogue.states if not dialogue.heard_in(name))
    assert await recogniser.hear(dialogue, Place(deaf), SpeechEnded(b"", 1.0)) is None


def words(text: str) -> tuple[Word, ...]:
    return tuple(Word(word, ("AH " * 3,)) for word in text.split())


def test_a_line_may_break_off_after_its_first_half() -> None:
    phrase = Phrase("p", words("i want a table"))
    assert jsgf([phrase]).splitlines()[-1] == "public <line> = ( i want [ a [ table ]] ) ;"


def test_of_two_lines_that_begin_alike_the_better_covered_one_is_meant() -> None:
    long, short = Phrase("long", words("no i need some more time")), Phrase("short", words("no"))
    assert matching([long, short], ["no"]) is short
    assert matching([long, short], ["no", "i", "need"]) is long
    assert matching([long, short], ["no", "i", "want"]) is None
    assert matching([long], ["no", "i"]) is None


def test_a_line_fits_into_the_time_that_it_takes() -> None:
    phrase = Phrase("p", words("one two three four"))
    assert phrase.fits(1.0)
    assert not phrase.fits(0.1)
    assert not phrase.fits(4.0)


async def test_by_turn_order_a_state_hears_its_intents_one_after_the_other() -> None:
    dialogue = all_dialogues()["reception"]
    order = TurnOrder(dialogue)
    turn = SpeechEnded(b"", 1.0)
    heard = [await order.hear(dialogue, Place("start"), turn) for _ in range(3)]
    intents = [dialogue.caller_lines[line.phrase].intent for line in heard if line]
    assert intents == list(dialogue.states["start"].hears)[:3]


async def test_by_turn_order_a_callers_script_is_followed() -> None:
    dialogue = all_dialogues()["reception"]
    order = TurnOrder(dialogue, "john")
    heard = [
        await order.hear(dialogue, Place(state), SpeechEnded(b"", 1.0)) for state in ("start", "ask_name", "ask_time")
    ]
    assert [line.phrase for line in heard if line] == ["like_appointment_en", "name_john_en", "tomorrow_eleven_en"]
