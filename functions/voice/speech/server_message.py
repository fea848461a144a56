"""Messages of Gemini Live, read from their bytes into speech events.

One message may hold several things; all of its parts and fields are read, in this order, whatever theirs:

1. what the caller said;
2. the agent's audio, part by part, and then its words;
3. tool calls;
4. GenerationComplete, then Interrupted, then ToolCallsCancelled, then TurnComplete: whatever of the answer came in
   the same message precedes the word that it is over, so that nothing of an interrupted answer is taken for the
   beginning of the next;
5. usage, the resumption handle, and the warning of the end.

A field that cannot be read costs itself only: it is named in an UnknownMessage, and the rest of the message counts.
Thoughts and other texts that are not spoken are left out; so are the setup's own messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, get_args

import msgspec

from functions.voice.speech.model import (
    AgentAudio,
    AgentText,
    CallerText,
    GenerationComplete,
    GoAway,
    Interrupted,
    ResumeHandle,
    SpeechEvent,
    ToolCall,
    ToolCallsCancelled,
    TurnComplete,
    UnknownMessage,
    Usage,
    id_of_ours,
)

OUTPUT_RATE_HZ: Final = 24_000
"""Of all models so far; the MIME type says so again."""


class _Camel(msgspec.Struct, rename="camel"):
    pass


class _Blob(_Camel):
    data: bytes | None = None
    mime_type: str | None = None


class _Part(_Camel):
    inline_data: _Blob | None = None


class _Turn(_Camel):
    parts: list[_Part] | None = None


class _Transcription(_Camel):
    text: str | None = None


class _Content(_Camel):
    model_turn: _Turn | None = None
    output_transcription: _Transcription | None = None
    input_transcription: _Transcription | None = None
    generation_complete: bool | None = None
    interrupted: bool | None = None
    turn_complete: bool | None = None
    turn_complete_reason: str | None = None


class _FunctionCall(_Camel):
    id: str | None = None
    name: str | None = None
    args: dict[str, Any] | None = None


class _ToolCall(_Camel):
    function_calls: list[_FunctionCall] | None = None


class _Cancellation(_Camel):
    ids: list[str] | None = None


class _Tokens(_Camel):
    modality: str | None = None
    token_count: int | None = None


class _Usage(_Camel):
    """The Developer API counts responses, Vertex AI candidates."""

    prompt_token_count: int | None = None
    response_token_count: int | None = None
    candidates_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    thoughts_token_count: int | None = None
    prompt_tokens_details: list[_Tokens] | None = None
    response_tokens_details: list[_Tokens] | None = None
    candidates_tokens_details: list[_Tokens] | None = None
    tool_use_prompt_tokens_details: list[_Tokens] | None = None


class _Resumption(_Camel):
    new_handle: str | None = None
    resumable: bool | None = None


class _GoAway(_Camel):
    time_left: str | None = None


class _Message(_Camel):
    server_content: _Content | None = None
    tool_call: _ToolCall | None = None
    tool_call_cancellation: _Cancellation | None = None
    usage_metadata: _Usage | None = None
    session_resumption_update: _Resumption | None = None
    go_away: _GoAway | None = None


_NO_CONTENT: Final = _Content()
_KNOWN_KEYS: Final = frozenset(
    {field.encode_name for field in msgspec.structs.fields(_Message)}
    | {"setupComplete", "voiceActivity", "voiceActivityDetectionSignal"}
)
# Not strict: protobuf writes 64-bit numbers as strings.
_DECODE: Final = msgspec.json.Decoder(_Message, strict=False).decode
_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])


def read(message: bytes) -> Sequence[SpeechEvent]:
    """The events of one message; none where it says nothing that matters. Never raises."""
    unread: list[str] = []
    try:
        decoded = _DECODE(message)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        decoded = _carefully(_Message, message, unread)
    events: list[SpeechEvent] = []
    _read_answer(decoded, events)
    if decoded.usage_metadata is not None:
        events.append(_usage(decoded.usage_metadata))
    if (resumption := decoded.session_resumption_update) is not None:
        events.append(ResumeHandle((resumption.new_handle or None) if resumption.resumable else None))
    if decoded.go_away is not None:
        events.append(GoAway(seconds(decoded.go_away.time_left)))
    if not events and not unread:
        unread = _unknown_keys(message)
    if unread:
        events.append(UnknownMessage(tuple(unread)))
    return events


def _read_answer(message: _Message, events: list[SpeechEvent]) -> None:
    content = message.server_content or _NO_CONTENT
    if (heard := content.input_transcription) is not None and heard.text:
        events.append(CallerText(heard.text))
    if (turn := content.model_turn) is not None:
        for part in turn.parts or ():
            blob = part.inline_data
            if blob is not None and blob.data and (rate_hz := audio_rate_hz(blob.mime_type)):
                events.append(AgentAudio(blob.data, rate_hz))
    if (said := content.output_transcription) is not None and said.text:
        events.append(AgentText(said.text))
    if message.tool_call is not None:
        calls = message.tool_call.function_calls or ()
        events.extend([ToolCall(call.id or id_of_ours(), call.name or "", call.args or {}) for call in calls])
    if content.generation_complete:
        events.append(GenerationComplete())
    if content.interrupted:
        events.append(Interrupted())
    if (cancelled := message.tool_call_cancellation) is not None and cancelled.ids:
        events.append(ToolCallsCancelled(tuple(cancelled.ids)))
    if content.turn_complete:
        events.append(TurnComplete(turn_reason(content.turn_complete_reason)))


def _usage(usage: _Usage) -> Usage:
    prompt = _by_modality(usage.prompt_tokens_details, usage.prompt_token_count)
    tools = _by_modality(usage.tool_use_prompt_tokens_details, usage.tool_use_prompt_token_count, "text")
    response = _by_modality(
        usage.response_tokens_details or usage.candidates_tokens_details,
        usage.response_token_count if usage.response_token_count is not None else usage.candidates_token_count,
    )
    return Usage(added(prompt, tools), added(response, {"text": usage.thoughts_token_count or 0}))


def _by_modality(details: list[_Tokens] | None, total: int | None, otherwise: str = "audio") -> Mapping[str, int]:
    return tokens(((one.modality, one.token_count) for one in details or ()), total, otherwise)


def tokens(details: Any, total: int | None, otherwise: str = "audio") -> dict[str, int]:
    """Tokens by modality, in small letters. What is not itemised counts as audio: the dearer, and the likelier."""
    found: dict[str, int] = {}
    for modality, count in details:
        if count:
            name = (modality or otherwise).lower()
            found[name] = found.get(name, 0) + count
    if not found and total:
        found[otherwise] = total
    return found


def added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """Both counts together."""
    return {name: one.get(name, 0) + other.get(name, 0) for name in (*one, *other) if one.get(name) or other.get(name)}


@lru_cache(maxsize=64)
def audio_rate_hz(mime_type: str | None) -> int | None:
    """The rate of a kind of raw audio; None if it is none."""
    kind, _, settings = (mime_type or "audio/pcm").lower().partition(";")
    if kind.strip() != "audio/pcm":
        return None
    rate = re.search(r"rate\s*=\s*(\d{4,6})\b", settings)
    return int(rate[1]) if rate else OUTPUT_RATE_HZ


def turn_reason(reason: str | None) -> str | None:
    """Why a turn ended oddly."""
    return None if reason in {None, "", "TURN_COMPLETE_REASON_UNSPECIFIED"} else reason


def seconds(duration: str | None) -> float:
    """A protobuf duration, "50s" or "9.5s"; what cannot be read is taken for no time at all."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)s", duration or "")
    return float(match[1]) if match else 0.0


def _unknown_keys(message: bytes) -> list[str]:
    """Keys that we do not know in a message that told us nothing."""
    try:
        return [key for key in _FIELDS.decode(message) if key not in _KNOWN_KEYS]
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ["unreadable"]


def _carefully(kind: Any, raw: bytes | msgspec.Raw, unread: list[str], path: str = "") -> Any:
    """A structure read field by field, noting what cannot be read."""
    try:
        fields = _FIELDS.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        unread.append(path or "not an object")
        return kind()
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        if field.encode_name in fields:
            values[field.name] = _field(field.type, fields[field.encode_name], unread, f"{path}{field.encode_name}")
    return kind(**values)


def _field(kind: Any, raw: msgspec.Raw, unread: list[str], path: str) -> Any:
    wanted = get_args(kind)[0]
    try:
        return msgspec.json.decode(raw, type=kind, strict=False)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
            return _carefully(wanted, raw, unread, f"{path}.")
        items = get_args(wanted)
        if items and isinstance(items[0], type) and issubclass(items[0], msgspec.Struct):
            return _items(items[0], raw, unread, path)
    unread.append(path)
    return None


def _items(kind: Any, raw: msgspec.Raw, unread: list[str], path: str) -> Any:
    try:
        items = _ITEMS.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        unread.append(path)
        return None
    return [_carefully(kind, item, unread, f"{path}.") for item in items]
