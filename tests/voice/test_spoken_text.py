"""Which words were heard."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
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


NUMBERS = "one two three four five six seven eight nine ten".split()


def in_time(lead_ms: int, pause_ms: int = 3_000) -> SpokenText:
    """Ten words of 400 ms with a pause in the middle, each written down so long before it is heard, or after."""
    begins = [400 * at + (pause_ms if at >= 5 else 0) for at in range(10)]
    return spoken(*((max(0, begin - lead_ms), f" {word}") for begin, word in zip(begins, NUMBERS, strict=True)))


@pytest.mark.parametrize("lead_ms", [-600, 0, 300])
@pytest.mark.parametrize(("heard_ms", "heard_words"), [(1_150, 2), (2_600, 5), (4_800, 5), (5_500, 6), (6_300, 8)])
def test_words_are_where_the_transcript_says_that_they_are(lead_ms: int, heard_ms: int, heard_words: int) -> None:
    heard, unheard = in_time(lead_ms).split(heard_ms, 7_000, complete=True)
    assert heard.split() + unheard.split() == NUMBERS
    assert abs(len(heard.split()) - heard_words) <= 1
    without, _ = spoken((0, " ".join(NUMBERS))).split(4_800, 7_000, complete=True)
    assert len(without.split()) >= 6, "by length alone the pause would have been filled"


def test_a_transcript_that_comes_all_at_once_is_laid_along_by_its_length() -> None:
    burst = spoken((0, "one two three "), (0, "four five six "), (0, "seven eight nine ten"))
    assert burst.split(2_000, 4_000, complete=True)[0] == "one two three four five"


def test_a_transcript_that_stutters_is_too() -> None:
    stutter = spoken((0, "one two "), (40, "three four "), (3_900, "five six "), (3_950, "seven eight nine ten"))
    assert len(stutter.split(2_000, 4_000, complete=True)[0].split()) in {4, 5}


@given(
    st.lists(st.tuples(st.integers(0, 9_000), st.text("ab ,.", max_size=12)), max_size=12),
    st.integers(1, 9_999),
    st.integers(1, 10_000),
    st.booleans(),
)
def test_however_fragments_come_no_word_is_lost_and_longer_is_never_less(
    fragments: list[tuple[int, str]], heard_ms: int, audio_ms: int, complete: bool
) -> None:
    words = spoken(*sorted(fragments))
    heard, unheard = words.split(heard_ms, audio_ms, complete=complete)
    assert heard.split() + unheard.split() == words.text.split()
    assert heard.startswith(words.split(heard_ms - 1, audio_ms, complete=complete)[0])


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
