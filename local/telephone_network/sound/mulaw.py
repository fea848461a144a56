"""G.711 mu-law, written apart from the product's codec so that a mistake there is not made twice. [pure]"""

from __future__ import annotations

import array
import math
import sys

RATE_HZ = 8000
FRAME_MS = 20
FRAME_BYTES = RATE_HZ * FRAME_MS // 1000
SILENCE = b"\xff" * FRAME_BYTES
"""20 ms of nothing; 0xFF is mu-law's positive zero."""

_BIAS = 132
_CLIP = 32635


def _decode_one(code: int) -> int:
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + _BIAS) << ((code >> 4) & 0x07)
    return _BIAS - magnitude if code & 0x80 else magnitude - _BIAS


def _encode_one(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _CLIP) + _BIAS
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | (magnitude >> (exponent + 3) & 0x0F)) & 0xFF


_SAMPLES = [_decode_one(code) for code in range(256)]
_LOW = bytes(sample & 0xFF for sample in _SAMPLES)
_HIGH = bytes(sample >> 8 & 0xFF for sample in _SAMPLES)
_SQUARES = [sample * sample for sample in _SAMPLES]


def decode(ulaw: bytes) -> bytes:
    """PCM, 16-bit little-endian, two bytes for each of mu-law."""
    pcm = bytearray(2 * len(ulaw))
    pcm[0::2] = ulaw.translate(_LOW)
    pcm[1::2] = ulaw.translate(_HIGH)
    return bytes(pcm)


def encode(pcm: bytes) -> bytes:
    """Mu-law, one byte for each 16-bit little-endian sample."""
    samples = array.array("h", pcm)
    if sys.byteorder == "big":
        samples.byteswap()
    return bytes(map(_encode_one, samples))


def level_db(ulaw: bytes) -> float:
    """Loudness against full scale: 0 is the loudest square wave, silence is -inf."""
    if not ulaw:
        return -math.inf
    power = sum(map(_SQUARES.__getitem__, ulaw)) / len(ulaw)
    return 10 * math.log10(power / 32768**2) if power else -math.inf


def duration_ms(ulaw: bytes) -> int:
    """How long this sounds, in whole milliseconds."""
    return len(ulaw) * 1000 // RATE_HZ
