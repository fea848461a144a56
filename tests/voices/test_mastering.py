"""What a voice goes through before it is a telephone clip."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from local.voices.mastering import CEILING_DBFS, LOUDNESS_DBFS, decode, edges_ms, master, speech_level_dbfs


def spoken(hertz: float, gain: float, silence_s: float, rate_hz: int = 24_000) -> NDArray[np.float32]:
    """A second of tone in four syllables, between silences."""
    time = np.arange(rate_hz) / rate_hz
    tone = gain * np.sin(2 * np.pi * hertz * time) * (0.55 + 0.45 * np.sin(2 * np.pi * 4 * time))
    quiet = np.zeros(round(silence_s * rate_hz))
    return np.concatenate([quiet, tone, quiet]).astype(np.float32)


@pytest.mark.portable
@pytest.mark.parametrize("gain", [0.01, 0.1, 0.9])
def test_faint_and_loud_voices_come_out_alike(gain: float) -> None:
    samples = decode(master(spoken(300, gain, 0.5), 24_000))
    assert speech_level_dbfs(samples) == pytest.approx(LOUDNESS_DBFS, abs=0.5)


def test_silence_around_a_line_is_cut_to_a_breath() -> None:
    before, after = edges_ms(decode(master(spoken(300, 0.3, 1.0), 24_000)))
    assert 40 <= before <= 120
    assert 40 <= after <= 120


def test_a_line_that_begins_at_once_gets_a_breath_before_it() -> None:
    before, _ = edges_ms(decode(master(spoken(300, 0.3, 0.0), 24_000)))
    assert 40 <= before <= 120


@pytest.mark.portable
def test_what_a_telephone_cannot_carry_does_not_come_back_as_something_else() -> None:
    """A tone above 4 kHz would be heard as another one below."""
    mixed = spoken(500, 0.3, 0.1) + spoken(5_500, 0.3, 0.1)
    samples = decode(master(mixed, 24_000))
    power = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / 8_000)
    alias = power[(hertz > 2_400) & (hertz < 2_600)].sum()
    assert 10 * np.log10(alias / power.sum()) < -35


def test_pre_emphasis_lifts_the_upper_half() -> None:
    def bright(pre_emphasis: float) -> float:
        samples = decode(master(spoken(300, 0.3, 0.1) + spoken(2_000, 0.05, 0.1), 24_000, pre_emphasis))
        power = np.abs(np.fft.rfft(samples)) ** 2
        return float(power[np.fft.rfftfreq(len(samples), 1 / 8_000) > 1_000].sum() / power.sum())

    assert bright(0.6) > 3 * bright(0.0)


@given(gain=st.floats(0.001, 1.0), click=st.floats(0, 30))
@example(gain=0.02, click=30)
def test_whatever_is_spoken_stays_below_the_ceiling(gain: float, click: float) -> None:
    """Also a pop that is thirty times as loud as the voice around it."""
    line = spoken(300, gain, 0.2)
    line[len(line) // 2] *= 1 + click
    line[len(line) // 2 + 1 : len(line) // 2 + 40] *= 1 + click / 2
    peak = np.abs(decode(master(line, 24_000))).max()
    assert 20 * np.log10(peak) <= CEILING_DBFS + 0.5
