"""The agent's voice: recorded lines where there are any, a synthesiser where one is installed, a hum otherwise."""

from __future__ import annotations

import importlib
import os
import re
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from functions.voice.audio import decode_ulaw
from local.speech_model.placeholder_voice import hum

RATE_HZ = 24_000
CLIP_HZ = 8_000
MOST_KEPT = 256
"""Lines in memory; one takes about 200 kB."""
LATIN = re.compile(r"^[\x00-\x7f‘’“”–—…]+$")


class Voice:
    """Finds or makes the sound of a line. folders: where <line id>_<voice>.ulaw files are (8 kHz mu-law, no header)."""

    def __init__(self, folders: Sequence[Path], synthesise: bool = True) -> None:
        self._clips = {path.stem: path for folder in reversed(folders) for path in sorted(folder.glob("*.ulaw"))}
        self._kept: OrderedDict[tuple[str | None, str, str], bytes] = OrderedDict()
        self._speaker = Synthesiser.found() if synthesise else None

    @property
    def synthesiser(self) -> str | None:
        """What speaks the lines that nobody has recorded; None: they are hummed."""
        return self._speaker.name if self._speaker else None

    def has(self, line: str | None, voice: str) -> bool:
        """Whether the line is recorded."""
        return self._clip(line, voice) is not None

    def ready(self, text: str, line: str | None, voice: str) -> bool:
        """Whether the line is in memory."""
        return (line, text, voice) in self._kept

    def speak(self, text: str, line: str | None, voice: str) -> bytes:
        """24 kHz PCM. Takes some milliseconds for a recording, longer for words that have to be synthesised."""
        key = (line, text, voice)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        pcm = self._made(text, line, voice)
        self._kept[key] = pcm
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return pcm

    def _made(self, text: str, line: str | None, voice: str) -> bytes:
        clip = self._clip(line, voice)
        if clip is not None:
            return resampled(decode_ulaw(clip.read_bytes()), CLIP_HZ, RATE_HZ)
        spoken = self._speaker.speak(text) if self._speaker and LATIN.match(text) else b""
        return spoken or hum(text)

    def _clip(self, line: str | None, voice: str) -> Path | None:
        if line is None:
            return None
        same = (path for name, path in self._clips.items() if name.startswith(f"{line}_"))
        return self._clips.get(f"{line}_{voice}") or next(same, None)


class Synthesiser:
    """hibari-tts (Apache-2.0), an optional extra: one American English voice, 200 times faster than real time."""

    name = "hibari-tts"

    def __init__(self, module: Any) -> None:
        self._module = module
        self._voice: Any = None

    @classmethod
    def found(cls) -> Synthesiser | None:
        """The synthesiser, if it is installed. Only its one built-in voice is used: nothing is downloaded."""
        # onnxruntime reports to its maker unless it is told not to before it is imported.
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        try:
            return cls(importlib.import_module("hibari"))
        except ImportError:
            return None

    def speak(self, text: str) -> bytes:
        """24 kHz PCM; empty if it has no sound for these letters."""
        self._voice = self._voice or self._module.Hibari()
        spoken: bytes = (np.clip(np.asarray(self._voice(text, seed=0)), -1, 1) * 32767).astype("<i2").tobytes()
        return spoken


def resampled(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    """The whole sound at another rate."""
    import soxr

    if from_hz == to_hz or not pcm:
        return pcm
    samples = np.frombuffer(pcm, dtype="<i2")
    resampled_samples: bytes = np.asarray(soxr.resample(samples, from_hz, to_hz, quality="HQ"), dtype="<i2").tobytes()
    return resampled_samples
