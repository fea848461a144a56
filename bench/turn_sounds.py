"""Sounds for the measurement of turn-taking: callers, backchannels, hellos, and three kinds of noise to put them in.

Everything goes over a telephone: 8 kHz mu-law, as Twilio sends it. Levels are those of the recordings; noise is as far
below the mean level of their speech as is said.
"""

from __future__ import annotations

import wave
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from functions.voice.audio import decode_ulaw, encode_ulaw

Sound = NDArray[np.float64]

HZ: Final = 8_000
FRAME: Final = 160
ROOT: Final = Path(__file__).resolve().parents[1]
CLIPS: Final = ROOT / "local" / "voices" / "clips"
PEOPLE: Final = ROOT / "tests" / "vectors" / "speech"
CALLERS: Final = ("am_michael", "bf_emma", "hf_beta", "hm_omega")
AGENT: Final = "hf_alpha"
AUDIBLE_RMS: Final = 180.0
"""A frame of a clean recording from which on it counts as the voice."""
NOISES: Final = ("white", "babble", "street")
BEFORE_S: Final = 1.0
AFTER_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Said:
    """Something that somebody says: its sound, and when the voice in it begins and ends."""

    name: str
    sound: Sound
    onset_ms: float
    end_ms: float


def _clip(path: Path) -> Sound:
    return np.frombuffer(decode_ulaw(path.read_bytes()), "<i2").astype(np.float64)


def _recording(path: Path) -> Sound:
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)
        return samples if file.getframerate() == HZ else _halved(samples)


def _halved(samples: Sound) -> Sound:
    """16 kHz at 8 kHz, by a plain low pass: good enough for a detector."""
    taps = np.sinc((np.arange(63) - 31) / 2) * np.hamming(63)
    return np.convolve(samples, taps / taps.sum(), "same")[::2]


def _said(name: str, sound: Sound) -> Said:
    padded = np.concatenate([np.zeros(int(BEFORE_S * HZ)), sound, np.zeros(int(AFTER_S * HZ))])
    padded = padded[: len(padded) // FRAME * FRAME]
    loud = np.flatnonzero(levels(padded) >= AUDIBLE_RMS)
    return Said(name, padded, float(loud[0]) * 20, float(loud[-1] + 1) * 20)


def levels(sound: Sound) -> Sound:
    """RMS of each frame."""
    return np.asarray(np.sqrt(np.mean(sound.reshape(-1, FRAME) ** 2, axis=1)))


def backchannels() -> list[Said]:
    """Haan, achha, hmm, ok."""
    return [_said(path.stem, _clip(path)) for path in sorted(CLIPS.glob("backchannel_*.ulaw"))]


def hellos() -> list[Said]:
    """What people say when they pick up."""
    return [_said(path.stem, _clip(path)) for path in sorted(CLIPS.glob("hello_*.ulaw"))]


def sentences(most: int = 60) -> list[Said]:
    """What callers say and mean to be heard with: lines of the dialogues, and recorded people."""
    lines = [
        path
        for path in sorted(CLIPS.glob("*.ulaw"))
        if path.stem.endswith(CALLERS) and not path.stem.startswith(("backchannel", "hello"))
    ]
    step = max(1, len(lines) // (most - 8))
    spoken = [_said(path.stem, _clip(path)) for path in lines[::step]]
    return spoken + [_said(path.stem, _recording(path)) for path in sorted(PEOPLE.glob("*.wav"))]


@cache
def speech_rms() -> float:
    """The mean level of callers' speech."""
    loud = np.concatenate([levels(one.sound) for one in sentences()])
    loud = loud[loud >= AUDIBLE_RMS]
    return float(np.sqrt(np.mean(loud**2)))


@cache
def noise(kind: str, seconds: float) -> Sound:
    """Noise of RMS 1, the same every time."""
    count = int(seconds * HZ) // FRAME * FRAME
    chance = np.random.default_rng(sum(map(ord, kind)))
    match kind:
        case "white":
            made = chance.normal(0, 1, count)
        case "street":
            # Pink, with slow swells, as traffic has them.
            spectrum = np.fft.rfft(chance.normal(0, 1, count))
            spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
            spectrum[: int(60 * count / HZ)] = 0
            swell = 1 + 0.5 * np.sin(2 * np.pi * np.arange(count) / HZ / 7.0)
            made = np.fft.irfft(spectrum, count) * swell
        case _:
            made = _babble(count, chance)
    return np.asarray(made / np.sqrt(np.mean(made**2)))


def _babble(count: int, chance: np.random.Generator, voices: int = 8) -> Sound:
    """Eight people at once, at other tables."""
    paths = [path for path in sorted(CLIPS.glob("*.ulaw")) if path.stem.endswith((*CALLERS, AGENT))]
    crowd = np.zeros(count)
    for _ in range(voices):
        order = chance.permutation(len(paths))
        sound: Sound = np.concatenate([_clip(paths[at]) for at in order[: 2 + count // HZ]])
        crowd += np.resize(np.roll(sound, int(chance.integers(HZ))), count)
    return crowd


def on_the_phone(sound: Sound, kind: str | None, snr_db: float, offset_s: float = 0.0) -> list[bytes]:
    """Frames of PCM as they come from Twilio, with noise of this kind so far below speech."""
    if kind is not None:
        bed = np.roll(noise(kind, 60.0), -int(offset_s * HZ))
        sound = sound + np.resize(bed, len(sound)) * speech_rms() * 10 ** (-snr_db / 20)
    pcm = np.clip(sound, -32_000, 32_000).astype("<i2").tobytes()
    heard = decode_ulaw(encode_ulaw(pcm))
    return [heard[at : at + 2 * FRAME] for at in range(0, len(heard) - 2 * FRAME + 1, 2 * FRAME)]


def echo_of_agent(level_db: float) -> Sound:
    """The agent's own voice, 150 ms late and so much softer, for a minute."""
    voice: Sequence[Sound] = [_clip(path) for path in sorted(CLIPS.glob(f"*_{AGENT}.ulaw"))]
    sound: Sound = np.concatenate(voice)[: 60 * HZ] * 10 ** (level_db / 20)
    late = np.concatenate([np.zeros(HZ * 150 // 1000), sound])
    return late[: len(late) // FRAME * FRAME]
