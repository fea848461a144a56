"""A spoken line cut into the messages that carry it. Lines are cut once; many sessions send the same bytes. [pure]"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

import numpy as np

from local.speech_model.server_messages import encode, model_turn

RATE_HZ = 24_000
LENGTHS = (1, 1, 2, 1, 4, 1, 1, 2)
"""Chunk lengths in units of the usual one: real ones run from 50 to 320 ms."""
TWO_PARTS_EVERY = 5
"""3.1 and later put several parts into one event."""
ONE_SAMPLE_EVERY = 3
"""Every third line begins with a chunk of one sample, as was seen on 3.1."""
WORDS_A_FRAGMENT = 3
NEAR_SILENT = 0.0008


@dataclass(frozen=True, slots=True)
class Cut:
    """How a line is cut."""

    chunk_ms: int
    transcribe: bool
    packs: bool
    """Several fields and parts in one event."""
    one_sample_first: bool | None = None
    """None: now and then."""
    early_transcript: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """Messages to send at one time, and how long their audio is."""

    messages: tuple[bytes, ...]
    audio_ms: float


def cut_line(pcm: bytes, text: str, cut: Cut) -> tuple[Chunk, ...]:
    """The chunks of a line of 24 kHz PCM."""
    pieces = _pieces(pcm, text, cut)
    words = fragments(text) if cut.transcribe else []
    said: dict[int, str] = {}
    for position, fragment in enumerate(words):
        place = 0 if cut.early_transcript else position * len(pieces) // len(words)
        said[place] = said.get(place, "") + fragment
    chunks = []
    for position, piece in enumerate(pieces):
        parts = _parts(piece, cut.packs and position % TWO_PARTS_EVERY == TWO_PARTS_EVERY - 1)
        messages = _messages(parts, said.get(position), cut)
        chunks.append(Chunk(messages, len(piece) / 2 * 1000 / RATE_HZ))
    return tuple(chunks)


def _pieces(pcm: bytes, text: str, cut: Cut) -> list[bytes]:
    unit = RATE_HZ * cut.chunk_ms // 1000 * 2
    by_chance = zlib.crc32(text.encode()) % ONE_SAMPLE_EVERY == 0
    pieces = []
    start = 0
    if by_chance if cut.one_sample_first is None else cut.one_sample_first:
        pieces.append(pcm[:2])
        start = 2
    turn = 0
    while start < len(pcm):
        size = unit * LENGTHS[turn % len(LENGTHS)]
        pieces.append(pcm[start : start + size])
        start += size
        turn += 1
    return pieces


def _parts(piece: bytes, in_two: bool) -> list[bytes]:
    half = len(piece) // 4 * 2
    return [piece[:half], piece[half:]] if in_two and half else [piece]


def _messages(parts: list[bytes], said: str | None, cut: Cut) -> tuple[bytes, ...]:
    if said is None:
        return (encode(model_turn(parts)),)
    if cut.packs and not cut.early_transcript:
        return (encode(model_turn(parts, said)),)
    return encode(model_turn([], said)), encode(model_turn(parts))


def fragments(text: str) -> list[str]:
    """The text in fragments that make it up again when they are joined."""
    words = re.findall(r"\s*\S+", text)
    return ["".join(words[start : start + WORDS_A_FRAGMENT]) for start in range(0, len(words), WORDS_A_FRAGMENT)]


def faint(pcm: bytes) -> bytes:
    """The same sound with next to no amplitude."""
    samples: bytes = (np.frombuffer(pcm, dtype="<i2") * NEAR_SILENT).astype("<i2").tobytes()
    return samples
