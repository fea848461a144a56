"""What a conversation of the measurement is like; caller, model and floor all go by these figures."""

from __future__ import annotations

import audioop
import random
from functools import cache
from pathlib import Path
from typing import Final

FRAME_MS: Final = 20
ULAW_FRAME: Final = 160
QUIET_FRAMES: Final = 10
"""Frames without voice after which the model takes the caller's turn as over: 200 ms."""
LOUD_FRAMES: Final = 2
"""Frames of voice that make the model hear a caller, and interrupt itself: 40 ms."""
LOUD_RMS: Final = 2_200
"""Between the caller's voice and what a filter's memory leaves of it in the next frame."""
CALLER_RMS: Final = 4_000
THINK_MS: Final = 300
ANSWER_MS: Final = 3_000
CHUNK_MS: Final = 40
"""Of the answer's audio; 24 kHz, 16 bits."""
BURST: Final = 4.0
"""The model sends so many times faster than real time."""
CALLER_TURN_MS: Final = 1_500
PAUSE_MS: Final = 700
"""Between the answer's end and the caller's next words."""
BARGE_IN_EVERY: Final = 3
"""Every third answer is interrupted..."""
BARGE_IN_AFTER_MS: Final = 1_200
"""...after so much of it has been heard."""
LOST_AFTER_S: Final = 8.0
"""An answer that has not come by then is counted as missing."""

_VOICE: Final = Path(__file__).parents[2] / "local" / "voices" / "clips"


@cache
def answer_chunks() -> tuple[bytes, ...]:
    """One answer: real speech, PCM at 24 kHz."""
    ulaw = b"".join(path.read_bytes() for path in sorted(_VOICE.glob("greet*_en_*.ulaw")))
    if not ulaw:
        ulaw = b"".join(path.read_bytes() for path in sorted(_VOICE.glob("*_en_*.ulaw"))[:8])
    needed = ANSWER_MS * 8
    ulaw = (ulaw * (needed // len(ulaw) + 1))[:needed]
    pcm, _ = audioop.ratecv(audioop.ulaw2lin(ulaw, 2), 2, 1, 8_000, 24_000, None)
    size = CHUNK_MS * 48
    pcm = pcm.ljust(ANSWER_MS * 48, b"\0")
    return tuple(pcm[start : start + size] for start in range(0, ANSWER_MS * 48, size))


@cache
def voice_frames() -> tuple[bytes, ...]:
    """Frames of the caller's voice, mu-law: noise of steady strength, so that its end is sharp."""
    rng = random.Random(1)
    frames = []
    for _ in range(50):
        samples = b"".join(
            int(max(-32_000, min(32_000, rng.gauss(0, CALLER_RMS)))).to_bytes(2, "little", signed=True)
            for _ in range(ULAW_FRAME)
        )
        frames.append(audioop.lin2ulaw(samples, 2))
    return tuple(frames)


QUIET_FRAME: Final = b"\xff\x7f" * (ULAW_FRAME // 2)
