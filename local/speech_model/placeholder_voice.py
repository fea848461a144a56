"""What is heard where nobody has recorded a line: a note for every syllable, plainly no speech, plainly no silence."""

from __future__ import annotations

import re

import numpy as np

RATE_HZ = 24_000
SYLLABLE_S = 0.18
GAP_S = 0.04
NOTES_HZ = (262.0, 330.0, 294.0, 392.0)
LEVEL = 0.2
SYLLABLES = re.compile(r"[aeiouy]+|[अ-औा-ौ]+|\d", re.IGNORECASE)


def hum(text: str) -> bytes:
    """24 kHz PCM; the same text always hums the same tune."""
    notes = [_note(NOTES_HZ[position % len(NOTES_HZ)]) for position in range(max(1, len(SYLLABLES.findall(text))))]
    return np.concatenate(notes).astype("<i2").tobytes()


def tone(duration_ms: float, frequency_hz: float = 440.0) -> bytes:
    """A steady tone, 24 kHz PCM."""
    time_s = np.arange(int(duration_ms * RATE_HZ / 1000)) / RATE_HZ
    samples: bytes = (LEVEL * 32767 * np.sin(2 * np.pi * frequency_hz * time_s)).astype("<i2").tobytes()
    return samples


def _note(frequency_hz: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    time_s = np.arange(int(SYLLABLE_S * RATE_HZ)) / RATE_HZ
    swell = np.sin(np.pi * time_s / SYLLABLE_S)
    voice = sum(np.sin(2 * np.pi * frequency_hz * overtone * time_s) / overtone for overtone in (1, 2, 3))
    return np.concatenate([LEVEL * 32767 * swell * voice / 1.5, np.zeros(int(GAP_S * RATE_HZ))])
