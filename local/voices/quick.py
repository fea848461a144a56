"""Two small English speakers that need no time: hibari-tts and PicoTTS. For the renderer only, like kokoro.py."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

HIBARI = "hibari"
HIBARI_MODEL = "hibari-tts 0.2.1"
PICO_MODEL = "PicoTTS (py-nanotts 0.1.1)"


@dataclass(frozen=True, slots=True)
class PicoVoice:
    """One of Pico's voices, higher or lower than it is."""

    name: str
    pitch: float = 1.0


LONGEST_PAUSE_S = 0.26
QUIET = 0.03
"""Of the loudest sample: what is softer is no speech."""
PICO_VOICES = {"pico": PicoVoice("en-GB"), "pico_low": PicoVoice("en-US", 0.72)}
NAMES = (HIBARI, *PICO_VOICES)


class Quick:
    """Speaks what is written, in English."""

    def __init__(self) -> None:
        # onnxruntime reports to its maker unless it is told not to before it is imported.
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        self._hibari: Any = None
        self._pico: Any = None

    def model(self, voice: str) -> str:
        """What the manifest says of a clip."""
        return HIBARI_MODEL if voice == HIBARI else PICO_MODEL

    def speak(self, text: str, voice: str, speed: float) -> tuple[NDArray[np.float32], int]:
        """Samples of -1..1, and their rate in Hz."""
        if voice == HIBARI:
            if self._hibari is None:
                self._hibari = importlib.import_module("hibari").Hibari()
            return tightened(np.asarray(self._hibari(text, seed=0), dtype=np.float32), 24_000), 24_000
        if self._pico is None:
            self._pico = importlib.import_module("py_nanotts").NanoTTS()
        one = PICO_VOICES[voice]
        pcm = self._pico.speak(text, voice=one.name, speed=speed, pitch=one.pitch)
        return tightened((np.frombuffer(pcm, dtype="<i2") / 32768).astype(np.float32), 16_000), 16_000


def tightened(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """The line without pauses in which a listener would take it for over; both wait long between sentences."""
    window = rate_hz // 100
    windows = samples[: len(samples) // window * window].reshape(-1, window)
    loud = np.sqrt((windows**2).mean(axis=1)) >= np.abs(samples).max() * QUIET
    kept: list[NDArray[np.float32]] = []
    quiet = 0
    for number, is_loud in enumerate(loud):
        quiet = 0 if is_loud else quiet + 1
        if quiet <= LONGEST_PAUSE_S * 100:
            kept.append(windows[number])
    return np.concatenate(kept)
