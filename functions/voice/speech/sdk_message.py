"""Speech events from the SDK's parsed messages: used without its WebSocket, and to check server_message.py."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING

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
    Usage,
    id_of_ours,
)
from functions.voice.speech.server_message import added, audio_rate_hz, seconds, tokens, turn_reason

if TYPE_CHECKING:
    from google.genai import types


def events_of(message: types.LiveServerMessage) -> Sequence[SpeechEvent]:
    """What a message holds, in the order of server_message."""
    events: list[SpeechEvent] = []
    content = message.server_content
    if content is not None:
        _begun(content, events)
    if message.tool_call is not None:
        calls = message.tool_call.function_calls or ()
        events.extend([ToolCall(call.id or id_of_ours(), call.name or "", call.args or {}) for call in calls])
    if content is not None and content.generation_complete:
        events.append(GenerationComplete())
    if content is not None and content.interrupted:
        events.append(Interrupted())
    if message.tool_call_cancellation is not None and message.tool_call_cancellation.ids:
        events.append(ToolCallsCancelled(tuple(message.tool_call_cancellation.ids)))
    if content is not None and content.turn_complete:
        events.append(TurnComplete(turn_reason(_name(content.turn_complete_reason))))
    if message.usage_metadata is not None:
        events.append(_usage(message.usage_metadata))
    if (resumption := message.session_resumption_update) is not None:
        events.append(ResumeHandle((resumption.new_handle or None) if resumption.resumable else None))
    if message.go_away is not None:
        events.append(GoAway(seconds(message.go_away.time_left)))
    return events


def _begun(content: types.LiveServerContent, events: list[SpeechEvent]) -> None:
    if content.input_transcription is not None and content.input_transcription.text:
        events.append(CallerText(content.input_transcription.text))
    if content.model_turn is not None:
        for part in content.model_turn.parts or ():
            blob = part.inline_data
            if blob is not None and blob.data and (rate_hz := audio_rate_hz(blob.mime_type)):
                events.append(AgentAudio(blob.data, rate_hz))
    if content.output_transcription is not None and content.output_transcription.text:
        events.append(AgentText(content.output_transcription.text))


def _usage(usage: types.UsageMetadata) -> Usage:
    prompt = _by_modality(usage.prompt_tokens_details, usage.prompt_token_count)
    tools = _by_modality(usage.tool_use_prompt_tokens_details, usage.tool_use_prompt_token_count, "text")
    response = _by_modality(usage.response_tokens_details, usage.response_token_count)
    return Usage(added(prompt, tools), added(response, {"text": usage.thoughts_token_count or 0}))


def _by_modality(
    details: list[types.ModalityTokenCount] | None, total: int | None, otherwise: str = "audio"
) -> dict[str, int]:
    return tokens(((_name(one.modality), one.token_count) for one in details or ()), total, otherwise)


def _name(value: Enum | str | None) -> str | None:
    return str(value.value) if isinstance(value, Enum) else value
