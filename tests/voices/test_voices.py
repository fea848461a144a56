"""Clips are found by line and voice, lines by their words."""

from __future__ import annotations

import pytest

from local.voices import MissingClip, clip, find, recording, voices_of


def test_a_clip_is_found_by_line_and_voice() -> None:
    entry = recording("greeting_en", "hf_alpha")
    assert entry is not None
    assert len(clip("greeting_en", "hf_alpha")) == round(entry.seconds * 8_000)


def test_a_voice_that_has_not_recorded_the_line_is_named_with_those_that_have() -> None:
    with pytest.raises(MissingClip) as caught:
        clip("thanks_bye_en", "hf_alpha")
    message = str(caught.value)
    assert "thanks_bye_en" in message
    assert "hf_alpha" in message
    assert "am_michael" in message
    assert "render.py" in message


def test_a_line_that_nobody_has_recorded_says_how_to_record_it() -> None:
    with pytest.raises(MissingClip, match=r"no voice.*render\.py"):
        clip("no_such_line", "hf_alpha")


def test_voices_of_an_unknown_line_are_none() -> None:
    assert voices_of("no_such_line") == ()


@pytest.mark.parametrize("language", ["en", "en-IN", "en-US"])
def test_a_line_is_found_by_its_words(language: str) -> None:
    assert find("  hello! This is Tara, the automated assistant at Asha\nClinic. This call is recorded."
                " How can I help you? ", language) == "greeting_en"  # fmt: skip


def test_words_are_found_in_their_language_alone() -> None:
    assert find("हाँ जी, बताइए।", "hi") == "go_on_hi"
    assert find("हाँ जी, बताइए।", "en") is None
    assert find("हाँ जी, बताइए", "hi") is None
