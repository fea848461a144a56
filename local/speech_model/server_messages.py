"""What the server sends: JSON objects in binary frames, as Gemini Live writes them. [pure]"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

AUDIO_TYPE = "audio/pcm;rate=24000"
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def encode(message: Mapping[str, Any]) -> bytes:
    """The frame of a message."""
    return ENCODER.encode(message).encode()


def setup_complete(session_id: str | None) -> dict[str, Any]:
    """The session stands. Vertex AI names it."""
    return {"setupComplete": {"sessionId": session_id} if session_id else {}}


def audio_part(pcm: bytes) -> dict[str, Any]:
    """Agent audio, 24 kHz."""
    return {"inlineData": {"mimeType": AUDIO_TYPE, "data": base64.b64encode(pcm).decode()}}


def model_turn(parts: Sequence[bytes], transcript: str | None = None) -> dict[str, Any]:
    """A piece of the answer: audio, and perhaps some words of its transcript."""
    content: dict[str, Any] = {}
    if parts:
        content["modelTurn"] = {"role": "model", "parts": [audio_part(pcm) for pcm in parts]}
    if transcript is not None:
        content["outputTranscription"] = {"text": transcript}
    return {"serverContent": content}


def input_transcription(text: str) -> dict[str, Any]:
    """Some words of the caller."""
    return {"serverContent": {"inputTranscription": {"text": text}}}


def interrupted() -> dict[str, Any]:
    """The caller cut the answer off."""
    return {"serverContent": {"interrupted": True}}


def generation_complete() -> dict[str, Any]:
    """All of the answer has been sent."""
    return {"serverContent": {"generationComplete": True}}


def in_progress() -> dict[str, Any]:
    """The model is at work; only from models that say so."""
    return {"serverContent": {"interactionStatus": "IN_PROGRESS"}}


def turn_complete(reason: str | None, usage: Mapping[str, Any] | None, status: str | None = None) -> dict[str, Any]:
    """The turn is over; with what it used, unless that was sent apart."""
    content: dict[str, Any] = {"turnComplete": True}
    if status:
        content["interactionStatus"] = status
    if reason:
        content["turnCompleteReason"] = reason
    message: dict[str, Any] = {"serverContent": content}
    if usage is not None:
        message["usageMetadata"] = usage
    return message


def usage_alone(usage: Mapping[str, Any]) -> dict[str, Any]:
    """3.1 sends usage with an empty serverContent."""
    return {"serverContent": {}, "usageMetadata": usage}


def tool_call(calls: Sequence[tuple[str, str, Any]]) -> dict[str, Any]:
    """Calls as (id, name, arguments)."""
    return {"toolCall": {"functionCalls": [{"id": call, "name": name, "args": args} for call, name, args in calls]}}


def tool_call_cancellation(ids: Sequence[str]) -> dict[str, Any]:
    """These results are not wanted any more."""
    return {"toolCallCancellation": {"ids": list(ids)}}


def resumption_update(handle: str | None) -> dict[str, Any]:
    """What to resume with; None while it cannot be."""
    return {"sessionResumptionUpdate": {"newHandle": handle, "resumable": True} if handle else {}}


def go_away(time_left_ms: int) -> dict[str, Any]:
    """The connection ends after that time, which Google writes as a string of seconds."""
    return {"goAway": {"timeLeft": f"{time_left_ms / 1000:g}s"}}
