"""Which words were heard."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from functions.voice.spoken_text import SpokenText


def spoken(*fragments: tuple[int, str]) -> SpokenText:
    words = SpokenText()
    for sent_ms, text in fragments:
        words.add(text, sent_ms)
    return words


def test_an_answer_heard_to_its_end_is_all_there() -> None:
    assert spoken((0, "We are open "), (500, "until six.")).split(2000, 2000, complete=True) == (
        "We are open until six.",
        "",
    )


def test_half_of_the_audio_is_about_half_of_the_words() -> None:
    words = spoken((0, "one two three four five six seven eight nine ten"))
    heard, unheard = words.split(2000, 4000, complete=True)
    assert heard == "one two three four five"
    assert unheard == "six seven eight nine ten"


def test_a_word_that_was_cut_in_the_middle_was_not_heard() -> None:
    heard, unheard = spoken((0, "Appointment")).split(400, 1000, complete=True)
    assert (heard, unheard) == ("", "Appointment")


def test_text_that_runs_ahead_of_the_audio_is_not_taken_for_heard() -> None:
    words = spoken((40, "The consultation costs eight hundred rupees, and the follow-up within a week is free."))
    heard, _ = words.split(400, 400, complete=False)
    assert len(heard.split()) <= 1


def test_devanagari_is_cut_between_words() -> None:
    words = spoken((0, "हमारा क्लिनिक सुबह नौ बजे खुलता है।"))
    heard, unheard = words.split(900, 2000, complete=True)
    assert f"{heard} {unheard}" == "हमारा क्लिनिक सुबह नौ बजे खुलता है।"
    assert heard


@given(st.text(max_size=200), st.integers(0, 10_000), st.integers(0, 10_000), st.booleans())
def test_heard_and_unheard_words_are_all_the_words_in_order(
    text: str, heard_ms: int, audio_ms: int, complete: bool
) -> None:
    words = spoken((0, text))
    heard, unheard = words.split(heard_ms, audio_ms, complete=complete)
    assert heard.split() + unheard.split() == text.split()


@given(st.text("ab ,.", min_size=1, max_size=80), st.integers(1, 9_999))
def test_who_hears_longer_hears_no_fewer_words(text: str, heard_ms: int) -> None:
    words = spoken((0, text))
    shorter, _ = words.split(heard_ms - 1, 10_000, complete=True)
    longer, _ = words.split(heard_ms, 10_000, complete=True)
    assert longer.startswith(shorter)
