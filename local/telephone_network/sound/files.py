"""Sound files as the telephone carries them."""

from __future__ import annotations

import io
import wave
from pathlib import Path

from local.telephone_network.sound.mulaw import RATE_HZ, encode


class BadSound(ValueError):
    """The file is no sound that can be played."""


def read_sound(path: Path) -> bytes:
    """A WAV file (16-bit, any rate, any number of channels), or headerless mu-law, as 8 kHz mono mu-law."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadSound(f"cannot read {path.name}") from error
    return content if path.suffix == ".ulaw" else wav_to_mulaw(content)


def wav_to_mulaw(content: bytes) -> bytes:
    """A WAV file's first channel as 8 kHz mu-law."""
    try:
        with wave.open(io.BytesIO(content)) as wav:
            width, rate_hz, channels = wav.getsampwidth(), wav.getframerate(), wav.getnchannels()
            pcm = wav.readframes(wav.getnframes())
    except (wave.Error, EOFError) as error:
        raise BadSound("not a WAV file") from error
    if width != 2:
        raise BadSound("a WAV file to be played has 16-bit samples")
    pcm = b"".join(pcm[start : start + 2] for start in range(0, len(pcm), 2 * channels)) if channels > 1 else pcm
    return encode(pcm if rate_hz == RATE_HZ else _resample(pcm, rate_hz))


def _resample(pcm: bytes, rate_hz: int) -> bytes:
    import numpy as np
    import soxr

    samples = np.frombuffer(pcm, dtype="<i2")
    resampled: bytes = soxr.resample(samples, rate_hz, RATE_HZ).astype("<i2").tobytes()
    return resampled
