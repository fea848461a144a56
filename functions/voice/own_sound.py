"""Sounds that Parley makes itself: the tones of keys, and somebody typing while a tool works. Mu-law at 8 kHz. [pure]

Media Streams have no message that presses a key, so keys go out in band, as the sound that a telephone makes; whatever
listens at the other end hears them as such.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from functions.voice.audio import encode_ulaw

RATE_HZ: Final = 8_000
KEY_MS: Final = 100
GAP_MS: Final = 80
"""ITU-T Q.24 wants 40 ms of each at the least; menus on the line are slower than that."""
SIGNS: Final = "0123456789*#"
_ROWS: Final = {sign: hz for signs, hz in (("123", 697), ("456", 770), ("789", 852), ("*0#", 941)) for sign in signs}
_COLUMNS: Final = {sign: hz for signs, hz in (("147*", 1209), ("2580", 1336), ("369#", 1477)) for sign in signs}
_LOUD: Final = 0.25
"""Of full scale, each of the two: -12 dB, and the higher one somewhat louder, as telephones do."""
_TYPING_S: Final = (0.0, 0.11, 0.19, 0.34, 0.43, 0.51)
"""When keys go down in a piece of typing."""


def _ulaw(samples: NDArray[np.float64]) -> bytes:
    return encode_ulaw((np.clip(samples, -1, 1) * 32_000).astype("<i2").tobytes())


def silence(ms: int) -> bytes:
    """Nothing."""
    return b"\xff" * (RATE_HZ * ms // 1000)


@cache
def key(sign: str) -> bytes:
    """One key and the pause behind it."""
    times = np.arange(RATE_HZ * KEY_MS // 1000) / RATE_HZ
    tones = np.sin(2 * np.pi * _ROWS[sign] * times) + 1.2 * np.sin(2 * np.pi * _COLUMNS[sign] * times)
    edge = np.minimum(1.0, np.minimum(times, times[::-1]) / 0.005)  # no click at either end
    return _ulaw(_LOUD * tones * edge) + silence(GAP_MS)


def keys(digits: str) -> bytes:
    """Keys in a row; w waits for half a second, W for a whole one."""
    pauses = {"w": silence(500), "W": silence(1_000)}
    return b"".join(pauses[sign] if sign in pauses else key(sign) for sign in digits)


@cache
def typing() -> bytes:
    """Somebody types a word: plainly not silence, plainly not speech, and soft."""
    chance = np.random.default_rng(20261128)
    samples = np.zeros(round(RATE_HZ * (_TYPING_S[-1] + 0.1)))
    for at_s in _TYPING_S:
        click = chance.normal(0, 1, RATE_HZ // 40) * np.exp(-np.arange(RATE_HZ // 40) / (RATE_HZ * 0.004))
        start = round(at_s * RATE_HZ)
        samples[start : start + len(click)] += 0.11 * chance.uniform(0.7, 1.0) * click
    return _ulaw(samples)
