"""Clips are what the manifest says and sound like a telephone voice of even loudness; every line has its voices."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

import numpy as np
import pytest

from local.dialogues import all_dialogues, voice_for
from local.voices import CLIPS, MANIFEST, Recording, clip, recordings, voices_of
from local.voices.casting import CALLER_VOICES, needed_clips
from local.voices.mastering import decode, edges_ms, speech_level_dbfs
from local.voices.render import BORROWED

RATE_HZ = 8_000
MOST_BYTES = 8_000_000
"""All clips together; everybody who clones the repository carries them."""
SHORTEST_S_PER_LETTER, LONGEST_S_PER_LETTER, PAUSES_S = 0.03, 0.14, 0.6
"""Speech outside of this was cut off, or the voice lost its way. Devanagari has about as many signs as sounds."""
ALL = list(recordings().values())
OURS = [entry for entry in ALL if entry.voice not in BORROWED]


def named(entry: Recording) -> str:
    return entry.name


def test_there_are_clips() -> None:
    assert len(ALL) > 200


def test_manifest_lists_each_file_once_and_in_order() -> None:
    listed = [f"{entry['line_id']}_{entry['voice']}" for entry in json.loads(MANIFEST.read_text("utf-8"))["clips"]]
    assert listed == sorted(listed)
    assert set(listed) == {path.stem for path in CLIPS.iterdir()}
    assert Counter(listed).most_common(1)[0][1] == 1


def test_clips_stay_small_in_all() -> None:
    assert sum(path.stat().st_size for path in CLIPS.iterdir()) < MOST_BYTES


def test_every_needed_clip_is_recorded_with_its_words() -> None:
    missing = [
        wanted.name
        for wanted in needed_clips()
        if (known := recordings().get((wanted.line_id, wanted.voice))) is None or known.text != wanted.text
    ]
    assert missing == []


def test_every_line_has_the_voices_that_may_speak_it() -> None:
    for dialogue in all_dialogues().values():
        for line_id, line in dialogue.agent_lines.items():
            assert voice_for(dialogue.agent_voice, line.language) in voices_of(line_id)
        for line_id, heard in dialogue.caller_lines.items():
            assert set(CALLER_VOICES[heard.language]) <= set(voices_of(line_id))


def test_a_line_id_never_begins_with_another() -> None:
    """Clips are found by the beginning of their name too."""
    ids = {entry.line_id for entry in ALL}
    assert [(short, long) for short in ids for long in ids if long.startswith(f"{short}_")] == []


def test_a_line_id_ends_with_its_language() -> None:
    assert [entry.name for entry in ALL if not entry.line_id.endswith(f"_{entry.language}")] == []


def test_agents_and_callers_are_told_apart_by_voice() -> None:
    for dialogue in all_dialogues().values():
        agent = {voice_for(dialogue.agent_voice, line.language) for line in dialogue.agent_lines.values()}
        callers = {
            voice_for(caller.voice, dialogue.caller_lines[step.line].language)
            for caller in dialogue.callers.values()
            for step in caller.steps
            if step.line
        }
        everybody = {voice for voices in CALLER_VOICES.values() for voice in voices}
        assert not agent & (callers | everybody)


@pytest.mark.parametrize("entry", ALL, ids=named)
class TestClip:
    def test_is_the_file_that_was_rendered(self, entry: Recording) -> None:
        audio = clip(entry.line_id, entry.voice)
        assert hashlib.sha256(audio).hexdigest() == entry.sha256
        assert len(audio) / RATE_HZ == pytest.approx(entry.seconds, abs=0.001)
        assert entry.licence
        assert entry.renderer

    def test_is_as_loud_as_the_others(self, entry: Recording) -> None:
        samples = decode(clip(entry.line_id, entry.voice))
        assert -22 <= speech_level_dbfs(samples) <= -18.5

    def test_does_not_clip(self, entry: Recording) -> None:
        samples = decode(clip(entry.line_id, entry.voice))
        assert 20 * np.log10(np.abs(samples).max()) <= -3.0
        assert abs(samples.mean()) < 0.005

    def test_starts_and_ends_without_dead_air(self, entry: Recording) -> None:
        before, after = edges_ms(decode(clip(entry.line_id, entry.voice)))
        assert before <= 300
        assert after <= 300

    def test_lasts_as_long_as_its_words(self, entry: Recording) -> None:
        letters = sum(character.isalpha() or 0x93A <= ord(character) <= 0x94F for character in entry.text)
        assert letters * SHORTEST_S_PER_LETTER <= entry.seconds <= PAUSES_S + letters * LONGEST_S_PER_LETTER

    def test_sounds_like_a_telephone_voice(self, entry: Recording) -> None:
        """Most energy lies where voices do, some above 1 kHz makes words clear, hardly any below a man's pitch."""
        samples = decode(clip(entry.line_id, entry.voice))
        power = np.abs(np.fft.rfft(samples)) ** 2
        hertz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
        share = {low: power[(hertz >= low) & (hertz < high)].sum() / power.sum() for low, high in BANDS}
        assert share[60] > 0.97
        assert share[1000] > 0.01
        assert share[0] < 0.02


BANDS = ((0, 60), (60, 3_600), (1_000, 3_600))
