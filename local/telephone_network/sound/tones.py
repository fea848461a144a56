"""Sounds that are made, not recorded: keys, the beep of a machine, ringing, noise, a murmur. [pure]"""

from __future__ import annotations

import array
import functools
import math
import random
import sys

from local.telephone_network.sound.mulaw import RATE_HZ, encode

_KEYS = {
    key: (row, column)
    for row, keys in zip((697, 770, 852, 941), ("123A", "456B", "789C", "*0#D"), strict=True)
    for key, column in zip(keys, (1209, 1336, 1477, 1633), strict=True)
}
"""ITU-T Q.23: the two frequencies of each key."""
_KEY_MS = 100
_GAP_MS = 60


def _mulaw(samples: list[float]) -> bytes:
    pcm = array.array("h", (int(max(-1.0, min(1.0, sample)) * 32767) for sample in samples))
    if sys.byteorder == "big":
        pcm.byteswap()
    return encode(pcm.tobytes())


def _tones(frequencies_hz: tuple[float, ...], ms: int, amplitude: float) -> list[float]:
    share = amplitude / len(frequencies_hz)
    return [
        share * sum(math.sin(2 * math.pi * frequency * n / RATE_HZ) for frequency in frequencies_hz)
        for n in range(RATE_HZ * ms // 1000)
    ]


def silence(ms: int) -> bytes:
    """Nothing to be heard."""
    return b"\xff" * (RATE_HZ * ms // 1000)


@functools.cache
def key(digit: str) -> bytes:
    """The tones of one key (0-9 * # A-D), then a gap."""
    return _mulaw(_tones(_KEYS[digit], _KEY_MS, 0.5)) + silence(_GAP_MS)


def keys(digits: str) -> bytes:
    """Keys in a row; w is half a second of waiting, W a whole one."""
    pauses = {"w": silence(500), "W": silence(1000)}
    return b"".join(pauses[digit] if digit in pauses else key(digit) for digit in digits)


@functools.cache
def beep(ms: int = 500) -> bytes:
    """What a machine does before it records."""
    return _mulaw(_tones((1000.0,), ms, 0.4))


@functools.cache
def ringback() -> bytes:
    """Two seconds of the American ringing tone and four of silence."""
    return _mulaw(_tones((440.0, 480.0), 2000, 0.1)) + silence(4000)


@functools.cache
def murmur(ms: int) -> bytes:
    """Something voiced that says nothing, where words are spoken for which there is no recording."""
    buzz = [
        0.2 * (math.sin(2 * math.pi * 140 * n / RATE_HZ) + 0.5 * math.sin(2 * math.pi * 420 * n / RATE_HZ))
        for n in range(RATE_HZ * ms // 1000)
    ]
    syllables = (0.6 + 0.4 * math.sin(2 * math.pi * 4 * n / RATE_HZ) for n in range(len(buzz)))
    return _mulaw([sample * swell for sample, swell in zip(buzz, syllables, strict=True)])


def noise(ms: int, level_db: float, rng: random.Random) -> bytes:
    """White noise of this loudness against full scale."""
    deviation = 10 ** (level_db / 20)
    return _mulaw([rng.gauss(0.0, deviation) for _ in range(RATE_HZ * ms // 1000)])
