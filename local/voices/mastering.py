"""From a studio voice to a telephone clip: trimmed, 8 kHz, one loudness, mu-law. For the renderer and its tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from functions.voice.audio import decode_ulaw, encode_ulaw

Samples = NDArray[np.float64]

RATE_HZ = 8_000
LOUDNESS_DBFS = -20.0
"""RMS while speaking. ITU-T P.56 active level of a telephone line is near -26; a little more is clearer on mobiles."""
CEILING_DBFS = -3.5
"""Peaks above are bent down, so that no later codec or mixer clips."""
EDGE_MS = 80
"""Kept of the silence on either side."""
WINDOW_MS = 20
QUIET_DB = 40.0
"""A window that is so much quieter than the loudest is not speech."""
LIMITER_MS = 4
FADE_MS = 5


def master(spoken: NDArray[np.float32], rate_hz: int, pre_emphasis: float = 0.0) -> bytes:
    """A whole line as 8 kHz mono mu-law. pre_emphasis 0..1 lifts what makes words clear, as a handset does."""
    import soxr

    narrow = np.asarray(soxr.resample(spoken.astype(np.float64), rate_hz, RATE_HZ, quality="VHQ"), dtype=np.float64)
    narrow[1:] -= pre_emphasis * narrow[:-1]
    kept = _faded(_trimmed(narrow))
    levelled = kept * decibels_to_ratio(LOUDNESS_DBFS - speech_level_dbfs(kept))
    return encode(_limited(levelled))


def speech_level_dbfs(samples: Samples) -> float:
    """RMS over the windows that hold speech."""
    loud = _levels_db(samples)
    spoken = loud > loud.max() - QUIET_DB / 2
    squares = _windows(samples)[spoken] ** 2
    return float(10 * np.log10(squares.mean() + 1e-12))


def edges_ms(samples: Samples) -> tuple[float, float]:
    """Silence before the first and after the last sound."""
    first, last = _bounds(samples)
    return first * 1000 / RATE_HZ, (len(samples) - last) * 1000 / RATE_HZ


def decibels_to_ratio(db: float) -> float:
    """-6 dB → 0.5"""
    return float(10 ** (db / 20))


def encode(samples: Samples) -> bytes:
    """-1..1 to G.711 mu-law."""
    return encode_ulaw((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def decode(ulaw: bytes) -> Samples:
    """G.711 mu-law to -1..1."""
    return np.frombuffer(decode_ulaw(ulaw), dtype="<i2").astype(np.float64) / 32768


def _windows(samples: Samples) -> Samples:
    size = RATE_HZ * WINDOW_MS // 1000
    count = max(1, len(samples) // size)
    return np.resize(samples, count * size).reshape(count, size)


def _levels_db(samples: Samples) -> Samples:
    levels: Samples = 10 * np.log10((_windows(samples) ** 2).mean(axis=1) + 1e-12)
    return levels


def _bounds(samples: Samples) -> tuple[int, int]:
    levels = _levels_db(samples)
    heard = np.flatnonzero(levels > levels.max() - QUIET_DB)
    size = RATE_HZ * WINDOW_MS // 1000
    return int(heard[0]) * size, min(len(samples), (int(heard[-1]) + 1) * size)


def _trimmed(samples: Samples) -> Samples:
    first, last = _bounds(samples)
    edge = RATE_HZ * EDGE_MS // 1000
    before, after = max(0, edge - first), max(0, edge - (len(samples) - last))
    kept = samples[max(0, first - edge) : last + edge]
    return np.concatenate([np.zeros(before), kept, np.zeros(after)])


def _faded(samples: Samples) -> Samples:
    size = RATE_HZ * FADE_MS // 1000
    ramp = np.linspace(0.0, 1.0, size)
    faded = samples.copy()
    faded[:size] *= ramp
    faded[-size:] *= ramp[::-1]
    return faded


def _limited(samples: Samples) -> Samples:
    """A look-ahead limiter: the gain falls before a peak and recovers after it, so that nothing is clipped square."""
    ceiling = decibels_to_ratio(CEILING_DBFS)
    reach = RATE_HZ * LIMITER_MS // 1000
    wanted = np.minimum(1.0, ceiling / np.maximum(np.abs(samples), 1e-9))
    padded = np.pad(wanted, 2 * reach, mode="edge")
    lowest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).min(axis=1)
    smooth = np.hanning(2 * reach + 3)[1:-1]
    gain = np.convolve(lowest, smooth / smooth.sum(), mode="valid")
    return samples * gain
