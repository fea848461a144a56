"""Clips are what the manifest says and sound like a telephone voice of even loudness; every line has its voices."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import numpy as np
import pytest

from local.dialogues import all_dialogues, voice_for
from local.voices import CLIPS, MANIFEST, Recording, clip, recordings, voices_of
from local.voices.casting import CALLER_VOICES, caller_voices, fixed_lines, needed_clips
from local.voices.mastering import Samples, decode, edges_ms, speech_level_dbfs
from shared.domain.spoken_lines import NAMES, words

RATE_HZ = 8_000
MOST_BYTES = 11_500_000
"""All clips together; everybody who clones the repository carries them."""
SHORTEST_S_PER_LETTER, LONGEST_S_PER_LETTER, PAUSES_S = 0.03, 0.14, 0.6
"""Speech outside of this was cut off, or the voice lost its way. Devanagari has about as many signs as sounds."""
FRAME = RATE_HZ // 50
QUIET_DBFS = -45
SHORTEST_TURN_END_MS = 500
"""Whoever listens on a laptop takes so long a silence for the end of a turn."""


def failing(holds: Callable[[Recording, Samples], bool]) -> list[str]:
    """Names of the clips of which something does not hold."""
    entries = recordings().values()
    return [entry.name for entry in entries if not holds(entry, decode(clip(entry.line_id, entry.voice)))]


def test_the_manifest_lists_each_file_once_and_in_order() -> None:
    listed = [f"{entry['line_id']}_{entry['voice']}" for entry in json.loads(MANIFEST.read_text("utf-8"))["clips"]]
    assert len(listed) > 250
    assert listed == sorted(set(listed))
    assert set(listed) == {path.stem for path in CLIPS.iterdir()}


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
            assert set(caller_voices(dialogue, heard.language)) <= set(voices_of(line_id))


def test_a_line_has_one_wording_wherever_it_stands() -> None:
    words = {line.line_id: line.text for line in fixed_lines()}
    for dialogue in all_dialogues().values():
        for line_id, line in dialogue.agent_lines.items():
            assert words.get(line_id, line.text) == line.text


def test_what_parley_says_by_itself_is_recorded_in_its_words() -> None:
    texts = {line.line_id: line.text for line in fixed_lines()}
    shared = [name for name in NAMES if f"{name}_en" in texts]
    assert {"apology", "apology_callback", "connecting_you", "hold_on", "nobody_free"} <= set(shared)
    for name in set(shared) - {"goodbye", "greeting"}:  # an agent's own, in its own words
        for language in ("en", "hi"):
            assert texts[f"{name}_{language}"] == words(name, language)


def test_a_line_id_never_begins_with_another() -> None:
    """Clips are found by the beginning of their name too."""
    ids = {entry.line_id for entry in recordings().values()}
    assert [(short, long) for short in ids for long in ids if long.startswith(f"{short}_")] == []


def test_a_line_id_ends_with_its_language() -> None:
    assert [entry.name for entry in recordings().values() if not entry.line_id.endswith(f"_{entry.language}")] == []


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


def test_every_file_is_the_one_that_was_rendered() -> None:
    def holds(entry: Recording, samples: Samples) -> bool:
        same = hashlib.sha256(clip(entry.line_id, entry.voice)).hexdigest() == entry.sha256
        return same and abs(len(samples) / RATE_HZ - entry.seconds) < 0.001

    assert failing(holds) == []


def test_every_clip_names_its_renderer_and_its_licence() -> None:
    assert failing(lambda entry, _: bool(entry.renderer) and entry.licence.startswith("Apache-2.0")) == []


def test_every_clip_is_as_loud_as_the_others() -> None:
    assert failing(lambda _, samples: -22 <= speech_level_dbfs(samples) <= -18.5) == []


def test_no_clip_is_clipped_or_off_centre() -> None:
    def holds(_: Recording, samples: Samples) -> bool:
        return bool(20 * np.log10(np.abs(samples).max()) <= -3.0 and abs(samples.mean()) < 0.005)

    assert failing(holds) == []


def test_no_clip_starts_or_ends_with_dead_air() -> None:
    assert failing(lambda _, samples: max(edges_ms(samples)) <= 300) == []


def test_no_clip_has_a_pause_that_sounds_like_the_end_of_a_turn() -> None:
    def holds(_: Recording, samples: Samples) -> bool:
        frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
        heard = np.flatnonzero(20 * np.log10(np.sqrt((frames**2).mean(axis=1)) + 1e-9) >= QUIET_DBFS)
        return bool(np.diff(heard).max() * 20 < SHORTEST_TURN_END_MS)

    assert failing(holds) == []


def test_every_clip_lasts_as_long_as_its_words() -> None:
    def holds(entry: Recording, _: Samples) -> bool:
        letters = sum(sign.isalpha() or 0x93A <= ord(sign) <= 0x94F for sign in entry.text)
        return letters * SHORTEST_S_PER_LETTER <= entry.seconds <= PAUSES_S + letters * LONGEST_S_PER_LETTER

    assert failing(holds) == []


@pytest.mark.parametrize(
    ("from_hz", "to_hz", "least", "most"),
    [(0, 60, 0, 0.02), (60, 3_600, 0.97, 1), (1_000, 3_600, 0.02, 0.4)],
    ids=["no hum", "speech", "clear consonants"],
)
def test_every_clip_sounds_like_a_telephone_voice(from_hz: int, to_hz: int, least: float, most: float) -> None:
    def holds(_: Recording, samples: Samples) -> bool:
        power = np.abs(np.fft.rfft(samples)) ** 2
        hertz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
        share = power[(hertz >= from_hz) & (hertz < to_hz)].sum() / power.sum()
        return bool(least <= share <= most)

    assert failing(holds) == []
