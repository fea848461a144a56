"""Recorded people stay understood: what the model hears of a caller, and what a caller hears of the agent."""

from __future__ import annotations

import json
import wave
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import soxr

from functions.voice.audio import Downsampler, Upsampler, decode_ulaw, encode_ulaw

pocketsphinx = pytest.importorskip("pocketsphinx")
pytestmark = pytest.mark.portable

SPEECH = Path(__file__).parents[1] / "vectors" / "speech"
TRANSCRIPTS: dict[str, str] = json.loads((SPEECH / "transcripts.json").read_text())
NEW_WORDS = {"unmuted": "AH N M Y UW T IH D"}

Recogniser = Callable[[bytes], str]


@pytest.fixture(scope="module")
def recognise() -> Recogniser:
    """Which of the recordings' sentences 16 kHz PCM holds."""
    decoder = pocketsphinx.Decoder(lm=None, loglevel="FATAL", samprate=16_000)
    for word, phones in NEW_WORDS.items():
        decoder.add_word(word, phones, True)
    sentences = " | ".join(TRANSCRIPTS.values())
    decoder.add_jsgf_string("sentences", f"#JSGF V1.0; grammar recordings; public <sentence> = {sentences};")
    decoder.activate_search("sentences")

    def said(pcm: bytes) -> str:
        decoder.start_utt()
        decoder.process_raw(pcm, full_utt=True)
        decoder.end_utt()
        return str(decoder.hyp().hypstr) if decoder.hyp() else ""

    return said


def recording(name: str, rate_hz: int) -> bytes:
    with wave.open(str(SPEECH / name)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return bytes(soxr.resample(samples, file.getframerate(), rate_hz).astype("<i2").tobytes())


def pieces(audio: bytes, size: int) -> Iterable[bytes]:
    return (audio[start : start + size] for start in range(0, len(audio), size))


def caller_as_the_model_hears(name: str) -> bytes:
    ulaw = encode_ulaw(recording(name, 8000))
    up = Upsampler()
    return b"".join(up.push(decode_ulaw(frame)) for frame in pieces(ulaw, 160)) + up.flush()


def agent_as_the_caller_hears(name: str) -> bytes:
    down = Downsampler()
    told = [down.push(piece) for piece in pieces(recording(name, 24_000), 1922)]
    return b"".join(encode_ulaw(pcm) for pcm in [*told, down.flush()])


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_the_model_understands_the_caller(recognise: Recogniser, name: str) -> None:
    assert recognise(caller_as_the_model_hears(name)) == TRANSCRIPTS[name]


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_the_caller_understands_the_agent(recognise: Recogniser, name: str) -> None:
    ulaw = agent_as_the_caller_hears(name)
    at_16_khz = soxr.resample(np.frombuffer(decode_ulaw(ulaw), "<i2"), 8000, 16_000)
    assert recognise(at_16_khz.tobytes()) == TRANSCRIPTS[name]


def test_the_recogniser_can_fail(recognise: Recogniser) -> None:
    """At the wrong rate nothing is understood: the two tests above do tell."""
    assert not any(recognise(recording(name, 8000)) == said for name, said in TRANSCRIPTS.items())
