"""Whether the call really went as it should: the record against the script, the network's view and the sound itself."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from functions.voice.audio import Upsampler
from local.dialogues import Dialogue
from local.speech_model import recogniser

FRAME_MS = 20
PADDING_MS = 250
HEARD_WITHIN_MS = 3 * FRAME_MS
"""The record's count of a cut answer against the network's: marks, the clear and two clocks lie between them."""

LIKE_ENOUGH = 0.9
"""Two clocks and a network lie between them: an answer may stand a frame earlier in one than in the other."""
MOST_APART = 50
"""Frames: the network begins to record when it answers, Parley when the stream has begun."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be true of the call."""

    what: str
    holds: bool
    seen: str = ""


def check_call(
    call: dict[str, Any], network: dict[str, Any], recording: bytes, own: bytes, dialogue: Dialogue, caller: str
) -> list[Check]:
    """All of them, in the order of the call; recording is the network's, own is Parley's."""
    return [
        *_understood(call, dialogue, caller),
        *_interrupted(call, network),
        *_worked(call),
        *_ended(call, network),
        *_sounds(call, recording, dialogue, "recording"),
        *_recorded(call, own, recording, dialogue),
    ]


def _said(dialogue: Dialogue, caller: str) -> list[str]:
    lines = [step.line for step in dialogue.callers[caller].steps]
    return [dialogue.caller_lines[one].text for one in lines if one is not None]


def _turns(call: dict[str, Any], speaker: str) -> list[dict[str, Any]]:
    return [turn for turn in call["turns"] if turn["speaker"] == speaker]


def _understood(call: dict[str, Any], dialogue: Dialogue, caller: str) -> Iterator[Check]:
    said, heard = _said(dialogue, caller), [turn["text"] for turn in _turns(call, "caller")]
    yield Check("the model understood every line of the caller", heard == said, f"{len(heard)} of {len(said)}")
    languages = set(call["languages"])
    yield Check("English, Hindi and both mixed were spoken", {"en", "hi", "hi-en"} <= languages, ", ".join(languages))


def _interrupted(call: dict[str, Any], network: dict[str, Any]) -> Iterator[Check]:
    cut = [turn for turn in _turns(call, "agent") if turn["cut_off"]]
    clears = [event for event in network["events"] if event["event"] == "clear"]
    yield Check("the caller interrupted once, and Twilio was told to clear", len(cut) == len(clears) == 1)
    if len(cut) == 1:
        unheard = cut[0]["audio_ms"] - cut[0]["heard_ms"]
        yield Check(
            "the rest of that answer was never heard", bool(cut[0]["unheard"]) and unheard > 500, f"{unheard} ms"
        )


def _worked(call: dict[str, Any]) -> Iterator[Check]:
    tools = {result["name"]: result for result in call["tool_results"]}
    yield Check("the appointment was booked and kept", tools.get("book_appointment", {}).get("status") == "ok")
    yield Check("the agent ended the call", tools.get("end_call", {}).get("status") == "ok")


def _ended(call: dict[str, Any], network: dict[str, Any]) -> Iterator[Check]:
    goodbye = call["turns"][-1] if call["turns"] else {}
    whole = goodbye.get("speaker") == "agent" and not goodbye.get("cut_off") and not goodbye.get("unheard")
    yield Check("the goodbye was heard to its end", bool(whole), str(goodbye.get("text", "")))
    yield Check("we hung up, and the call is recorded as completed", call["ending"] == "agent_ended", call["ending"])
    warnings = {code: count for stream in network["streams"] for code, count in stream["warnings"].items()}
    yield Check("Twilio had nothing to complain of", not warnings, str(warnings or ""))


def _recorded(call: dict[str, Any], own: bytes, networks: bytes, dialogue: Dialogue) -> Iterator[Check]:
    """Parley's own recording is whole, and sounds as the network's does."""
    described = call.get("recording") or {}
    yield Check("Parley's own recording is stored", described.get("state") == "complete", f"{described.get('ms')} ms")
    if not own:
        return
    yield from _sounds(call, own, dialogue, "own recording")
    for speaker, ours, theirs in zip(("caller", "agent"), channels(own), channels(networks), strict=True):
        likeness, lag_ms = alike(ours, theirs)
        yield Check(
            f"the {speaker}'s side of it is the network's",
            likeness > LIKE_ENOUGH,
            f"{likeness:.3f} alike, {lag_ms} ms apart",
        )


def alike(one: bytes, other: bytes) -> tuple[float, int]:
    """How much two recordings (PCM16 at 8 kHz) are alike in loudness over time, and how far apart they begin."""
    first, second = (np.frombuffer(pcm, "<i2").astype(float) for pcm in (one, other))
    loud = [np.sqrt((pcm[: len(pcm) // 160 * 160].reshape(-1, 160) ** 2).mean(axis=1)) for pcm in (first, second)]
    size = min(len(loud[0]), len(loud[1])) - MOST_APART
    if size <= 0:
        return 0.0, 0
    found = [
        (float(np.corrcoef(loud[0][max(0, lag) :][:size], loud[1][max(0, -lag) :][:size])[0, 1]), lag * FRAME_MS)
        for lag in range(-MOST_APART, MOST_APART + 1)
    ]
    return max(found)


def _sounds(call: dict[str, Any], recording: bytes, dialogue: Dialogue, what: str) -> Iterator[Check]:
    """Both sides of a recording are recognised by their sound, turn by turn."""
    if not recogniser.available():
        yield Check(f"the {what} was not listened to: this Python has no recogniser", True)
        return
    caller, agent = channels(recording)
    for speaker, pcm, texts in (
        ("caller", caller, [line.text for line in dialogue.caller_lines.values()]),
        ("agent", agent, [line.text for line in dialogue.agent_lines.values()]),
    ):
        turns = _turns(call, speaker)
        heard = sum(_recognised(turn, pcm, texts) for turn in turns)
        yield Check(
            f"the {speaker}'s side of the {what} is what the record says",
            heard == len(turns),
            f"{heard} of {len(turns)} turns",
        )


def _recognised(turn: dict[str, Any], pcm: bytes, texts: list[str]) -> bool:
    """Whether this turn's sound is its text, and not any other line of that side."""
    spoken = turn["text"]
    others = [text for text in texts if not text.startswith(spoken) and text not in spoken]
    lines = [("this", spoken), *((f"other {number}", text) for number, text in enumerate(others))]
    start_ms = max(0, turn["start_ms"] - PADDING_MS)
    end_ms = turn["end_ms"] + PADDING_MS
    sound = Upsampler().push(pcm[start_ms * 16 : end_ms * 16])
    ids = {line_id for line_id, _ in lines}
    best = recogniser.recognise(lines, ids, sound, (turn["end_ms"] - turn["start_ms"]) / 1000)
    return best is not None and best.phrase == "this"


def channels(recording: bytes) -> tuple[bytes, bytes]:
    """Left and right of a stereo WAV, 16-bit PCM at 8 kHz."""
    with wave.open(io.BytesIO(recording)) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (2, 2, 8000)
        frames = wav.readframes(wav.getnframes())
    left = b"".join(frames[at : at + 2] for at in range(0, len(frames), 4))
    right = b"".join(frames[at + 2 : at + 4] for at in range(0, len(frames), 4))
    return left, right
