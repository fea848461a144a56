"""What else is to be heard where somebody telephones: noise of a kind, so many decibels below their voice. [pure]"""

from __future__ import annotations

import array
import sys
from collections.abc import Sequence
from random import Random
from typing import Literal

from local.telephone_network.sound.mulaw import FRAME_BYTES, RATE_HZ, decode, encode

Kind = Literal["white", "street", "babble"]

SPEECH_DB = -20.0
"""How loud recorded voices are while they speak (local/voices/mastering.py); the noise is measured against it."""
LOOP_S = 8
"""Long enough that nobody, and no detector, hears it come round."""
RUMBLE = 0.97
"""Share of the last sample in a leaky sum: most of a street's sound lies below 300 Hz."""
LOUDEST = 32_767


class Background:
    """A loop of noise that is mixed into a voice, 20 ms at a time."""

    def __init__(self, kind: Kind, snr_db: float, rng: Random, voices: Sequence[bytes] = ()) -> None:
        """voices: mu-law; what a babble is made of, all at once."""
        samples = _MAKERS[kind](LOOP_S * RATE_HZ, rng, voices)
        mean = sum(samples) / len(samples)
        power = sum((sample - mean) ** 2 for sample in samples) / len(samples)
        if power == 0:
            raise ValueError("a babble wants voices")
        gain = 32_768 * 10 ** ((SPEECH_DB - snr_db) / 20) / power**0.5
        self._loop = array.array("h", (_clipped((sample - mean) * gain) for sample in samples))
        self._at = 0

    def mix(self, frame: bytes) -> bytes:
        """The frame as it sounds where there is this noise."""
        heard = array.array("h", decode(frame))
        if sys.byteorder == "big":
            heard.byteswap()
        noise = self._next(len(heard))
        mixed = array.array("h", (_clipped(one + other) for one, other in zip(heard, noise, strict=True)))
        if sys.byteorder == "big":
            mixed.byteswap()
        return encode(mixed.tobytes())

    def _next(self, count: int) -> Sequence[int]:
        start, self._at = self._at, (self._at + count) % len(self._loop)
        return self._loop[start : start + count] or self._next(count)


def _clipped(sample: float) -> int:
    return max(-LOUDEST, min(LOUDEST, round(sample)))


def _white(count: int, rng: Random, voices: Sequence[bytes]) -> list[float]:
    return [rng.gauss(0.0, 1.0) for _ in range(count)]


def _street(count: int, rng: Random, voices: Sequence[bytes]) -> list[float]:
    """A rumble that swells as things drive by."""
    samples: list[float] = []
    rumble = swell = 0.0
    for n in range(count):
        if n % FRAME_BYTES == 0:
            swell = 0.98 * swell + 0.02 * rng.uniform(0.2, 3.0)
        rumble = RUMBLE * rumble + rng.gauss(0.0, 1.0)
        samples.append(swell * rumble)
    return samples


def _babble(count: int, rng: Random, voices: Sequence[bytes]) -> list[float]:
    """Several people at once, each saying their line again and again."""
    samples = [0.0] * count
    for voice in voices:
        pcm = array.array("h", decode(voice))
        if sys.byteorder == "big":
            pcm.byteswap()
        offset = rng.randrange(len(pcm))
        for n in range(count):
            samples[n] += pcm[(n + offset) % len(pcm)]
    return samples


_MAKERS = {"white": _white, "street": _street, "babble": _babble}


def with_pause(audio: bytes, pause: bytes) -> bytes:
    """A line with a hesitation in it: the pause stands at the quietest place of its middle third."""
    frames = [audio[start : start + FRAME_BYTES] for start in range(0, len(audio), FRAME_BYTES)]
    middle = range(len(frames) // 3, max(len(frames) // 3 + 1, 2 * len(frames) // 3))
    quietest = min(middle, key=lambda n: sum(map(abs, array.array("h", decode(frames[n])))), default=0)
    cut = quietest * FRAME_BYTES + FRAME_BYTES // 2
    return audio[:cut] + pause + audio[cut:]
