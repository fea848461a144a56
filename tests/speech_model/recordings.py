"""What callers sound like at the model: recorded lines after the telephone and Parley's own resampler."""

from __future__ import annotations

from collections.abc import Iterator

from functions.voice.audio import Upsampler, decode_ulaw
from local.dialogues import Dialogue
from local.speech_model.server import CLIPS

FRAME_BYTES = 160
QUIET = b"\xff"


def telephone_sound(clip: str, lead_ms: int = 200) -> bytes:
    """A clip of local/voices as 16 kHz PCM, in 20 ms frames through 8 kHz mu-law, with some silence before it."""
    upsampler = Upsampler()
    ulaw = QUIET * (8 * lead_ms) + (CLIPS / f"{clip}.ulaw").read_bytes()
    return b"".join(upsampler.push(decode_ulaw(ulaw[at : at + FRAME_BYTES])) for at in range(0, len(ulaw), FRAME_BYTES))


def caller_clips(dialogue: Dialogue) -> Iterator[tuple[str, str]]:
    """(clip, phrase) of every recorded caller line of a dialogue."""
    for path in sorted(CLIPS.glob("*.ulaw")):
        phrase = max(
            (line for line in dialogue.caller_lines if path.stem.startswith(f"{line}_")), key=len, default=None
        )
        if phrase is not None:
            yield path.stem, phrase
