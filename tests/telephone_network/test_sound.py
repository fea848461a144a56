"""Mu-law, tones and recordings."""

from __future__ import annotations

import io
import math
import wave
from random import Random

import pytest

from functions.voice import audio
from local.telephone_network.sound import tones
from local.telephone_network.sound.mulaw import decode, duration_ms, encode, level_db
from local.telephone_network.sound.recording import Recording

pytestmark = pytest.mark.portable


def test_every_code_comes_back() -> None:
    codes = bytes(range(256))
    assert encode(decode(codes)) == codes.replace(b"\x7f", b"\xff")  # PCM has one zero, mu-law two


def test_it_agrees_with_the_products_codec_written_apart() -> None:
    samples = b"".join(sample.to_bytes(2, "little", signed=True) for sample in range(-32768, 32768, 7))
    codes = bytes(range(256))
    assert decode(codes) == audio.decode_ulaw(codes)
    ours, theirs = decode(encode(samples)), decode(audio.encode_ulaw(samples))
    worst = max(
        abs(
            int.from_bytes(ours[n : n + 2], "little", signed=True)
            - int.from_bytes(theirs[n : n + 2], "little", signed=True)
        )
        for n in range(0, len(ours), 2)
    )
    assert worst <= 1024  # at most the neighbouring step, on the border between two


def test_loudness_is_measured_against_full_scale() -> None:
    assert level_db(b"\xff" * 160) == -math.inf
    assert level_db(b"") == -math.inf
    assert level_db(b"\x80\x00" * 80) == pytest.approx(0, abs=0.2)
    assert level_db(tones.noise(1000, -30.0, Random(1))) == pytest.approx(-30, abs=0.5)
    assert -25 < level_db(tones.murmur(1000)) < -10


@pytest.mark.parametrize(
    ("digit", "frequencies"), [("1", (697, 1209)), ("5", (770, 1336)), ("#", (941, 1477)), ("D", (941, 1633))]
)
def test_keys_have_their_two_frequencies(digit: str, frequencies: tuple[int, int]) -> None:
    pcm = decode(tones.key(digit)[:800])
    samples = [int.from_bytes(pcm[n : n + 2], "little", signed=True) for n in range(0, len(pcm), 2)]

    def strength(hz: float) -> float:
        angles = [2 * math.pi * hz * n / 8000 for n in range(len(samples))]
        real = sum(sample * math.cos(angle) for sample, angle in zip(samples, angles, strict=True))
        imaginary = sum(sample * math.sin(angle) for sample, angle in zip(samples, angles, strict=True))
        return math.hypot(real, imaginary)

    strongest = sorted((697, 770, 852, 941, 1209, 1336, 1477, 1633), key=strength)[-2:]
    assert sorted(strongest) == sorted(frequencies)


def test_waits_between_keys() -> None:
    assert duration_ms(tones.keys("1w2W")) == 160 + 500 + 160 + 1000


def test_a_recording_keeps_both_sides_apart_and_aligned() -> None:
    recording = Recording()
    for n in range(3):
        recording.add(bytes([n]) * 160, bytes([n + 100]) * 160)
    assert recording.ms == 60
    with wave.open(io.BytesIO(recording.wav())) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate(), wav.getnframes()) == (2, 2, 8000, 480)
        pcm = wav.readframes(480)
    for n in range(3):
        at = n * 160 * 4
        assert pcm[at : at + 2] == decode(bytes([n]))
        assert pcm[at + 2 : at + 4] == decode(bytes([n + 100]))
