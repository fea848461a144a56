"""Whether the model's voice is speech at all: neither near silence nor one sustained tone.

Speech changes in level from one twentieth of a second to the next. Only a stretch whose level stands still is looked at
more closely: a sound whose spectrum stands still as well is a tone, a hum or a buzz.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import numpy as np

from functions.voice.audio import loudness
from functions.voice.frame import TELEPHONE_HZ

SILENT_RMS: Final = 40
"""Of 16-bit samples, about -58 dBFS: nobody hears that on a telephone."""
SILENT_MS: Final = 1_500
"""The longest pause of a speaker is shorter."""
STEADY: Final = 0.15
"""A level that stays so close to its mean stands still."""
STEADY_MS: Final = 1_200
"""No vowel is held so long."""
ALIKE: Final = 0.97
"""Cosine of two spectra of the same sound; of speech 64 ms apart it is seldom above 0.9 for long."""
_WINDOW: Final = 512
_BYTES_PER_MS: Final = TELEPHONE_HZ * 2 // 1000


class Flaw(StrEnum):
    """Why a sound is no speech."""

    SILENT = "near_silence"
    TONE = "tone"


class AgentSound:
    """The sound of one answer at a time: 8 kHz PCM, in pieces of any length."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._any = self._audible = False
        self._silent_ms = 0.0
        self._steady: list[bytes] = []
        """Pieces whose level stands still."""
        self._steady_ms = 0.0
        self._level = 0.0

    def end(self) -> Flaw | None:
        """The answer is over, and the next begins anew; SILENT if nothing in all of it could be heard."""
        flaw = Flaw.SILENT if self._any and not self._audible else None
        self._begin()
        return flaw

    def push(self, pcm: bytes) -> Flaw | None:
        """The next piece; what is wrong with the answer, as soon as that is sure."""
        ms = len(pcm) / _BYTES_PER_MS
        if ms < 1:
            return None
        self._any = True
        level = loudness(pcm)
        if level < SILENT_RMS:
            self._silent_ms += ms
            self._steady.clear()
            self._steady_ms = 0.0
            return Flaw.SILENT if self._silent_ms >= SILENT_MS else None
        self._silent_ms = 0.0
        self._audible = True
        if not self._steady or abs(level - self._level) > STEADY * self._level:
            self._steady, self._steady_ms, self._level = [pcm], ms, float(level)
            return None
        self._steady.append(pcm)
        self._steady_ms += ms
        if self._steady_ms < STEADY_MS:
            return None
        sound, self._steady, self._steady_ms = b"".join(self._steady), [], 0.0
        return Flaw.TONE if stands_still(sound) else None


def stands_still(pcm: bytes) -> bool:
    """Whether the spectrum is the same from one 64 ms window to the next, for nearly all of them."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float64)
    windows = samples[: len(samples) // _WINDOW * _WINDOW].reshape(-1, _WINDOW)
    if len(windows) < 3:
        return False
    spectra = np.abs(np.fft.rfft(windows * np.hanning(_WINDOW), axis=1))
    spectra /= np.maximum(np.linalg.norm(spectra, axis=1, keepdims=True), 1e-9)
    alike = np.sum(spectra[1:] * spectra[:-1], axis=1)
    return bool(np.quantile(alike, 0.1) >= ALIKE)
