"""What a stream remembers of its turns: enough to go on with, and no more the longer it lasts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from functions.voice.call_record import FIRST_TURNS, LAST_TURNS, CallRecord
from functions.voice.language_watch import OPEN_TURNS, LanguageWatch
from shared.domain.call import Speaker, Turn
from shared.domain.language import Tagger
from shared.domain.language_use import Policy, Said, language_use
from tests.voice.test_calls import TARA

TAGS = st.sampled_from([None, "en", "hi", "hi-en", "fr"])


class Paper:
    """A journal that counts."""

    def __init__(self) -> None:
        self.put_paths: list[str] = []

    def put(self, write: Any) -> None:
        self.put_paths.append(write.path)

    def now(self) -> datetime:
        return datetime(2026, 11, 28, tzinfo=UTC)


def a_record() -> tuple[CallRecord, Paper]:
    paper: Any = Paper()
    return CallRecord("CA1", 1, paper, paper), paper


def turn(seq: int, language: str | None = "en", text: str = "When are you open?") -> Turn:
    return Turn(seq, Speaker.CALLER if seq % 2 else Speaker.AGENT, text, language, seq * 1000, seq * 1000 + 900)


def test_two_thousand_turns_leave_a_bounded_number_and_all_are_stored() -> None:
    record, paper = a_record()
    for seq in range(1, 2_001):
        record.turn(turn(seq))
    assert len(record.turns) == FIRST_TURNS + LAST_TURNS
    assert list(record.turns)[:FIRST_TURNS] == list(range(1, FIRST_TURNS + 1))
    assert list(record.turns)[FIRST_TURNS:] == list(range(2_001 - LAST_TURNS, 2_001))
    assert len([path for path in paper.put_paths if "/turns/" in path]) == 2_000
    assert len(paper.put_paths) == 2_001, "what is being spoken is said once"
    assert len(record.caller_turns) + record.forgotten_caller_turns == 1_000
    assert record.caller_turns[-1].seq == 1_999


def test_a_turn_that_is_saved_again_takes_no_other_ones_place() -> None:
    record, _ = a_record()
    for seq in range(1, 301):
        record.turn(turn(seq))
        record.turn(turn(seq, text="When are you open on Monday?"))
    assert len(record.turns) == 300
    assert {one.text for one in record.turns.values()} == {"When are you open on Monday?"}


@example(["en"] * 30 + ["hi"], 400)
@given(st.lists(TAGS, max_size=40), st.sampled_from([0, 280, 400]))
def test_the_language_spoken_last_is_known_however_long_ago_it_was(languages: list[str | None], silent: int) -> None:
    record, _ = a_record()
    spoken = [*languages, *[None] * silent]
    for seq, language in enumerate(spoken, 1):
        record.turn(turn(seq, language))
    known = [language for language in languages if language]
    assert record.spoken_language == (known[-1] if known else None)


def test_how_the_languages_went_is_judged_over_all_turns_though_few_are_kept() -> None:
    watch = LanguageWatch(TARA, TARA.languages.start, Tagger())
    policy, said = Policy.of(TARA.languages, TARA.languages.start), list[Said]()
    texts = ("When are you open on Monday?", "We are open from nine to seven.", "कल सुबह आना है", "कल सुबह ठीक है")
    for seq in range(1, 401):
        told = watch.tagged(turn(seq, None, texts[(seq + seq // 7) % 4]))
        said.append(Said(told.speaker, told.language, policy))
    assert watch.use() == watch.use() == language_use(said)
    assert watch.use().answers == 200
    assert len(watch._said) == OPEN_TURNS
