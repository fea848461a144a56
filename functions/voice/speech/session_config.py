"""A session's setup in google-genai's words."""

from __future__ import annotations

from typing import Final

from google.genai import types

from functions.tools.gemini_schema import check_tool_name, gemini_schema
from functions.voice.speech.model import ActivityDetection, SessionSetup, ToolAnswer, ToolDeclaration, is_of_ours
from functions.voice.speech.profile import Platform, Profile, profile_of

_START: Final = {
    "high": types.StartSensitivity.START_SENSITIVITY_HIGH,
    "low": types.StartSensitivity.START_SENSITIVITY_LOW,
}
_END: Final = {
    "high": types.EndSensitivity.END_SENSITIVITY_HIGH,
    "low": types.EndSensitivity.END_SENSITIVITY_LOW,
}


def connect_config(setup: SessionSetup, platform: Platform) -> types.LiveConnectConfig:
    """What the SDK is told to open. Raises ValueError for what the service has no word for.

    The start language is not among it: native-audio models take none, and are told in their instructions.
    """
    profile = profile_of(setup.model, platform)
    config = types.LiveConnectConfig(
        response_modalities=[types.Modality.AUDIO],
        temperature=setup.temperature,
        speech_config=types.SpeechConfig(
            voice_config=types.VoiceConfig(prebuilt_voice_config=types.PrebuiltVoiceConfig(voice_name=setup.voice))
        ),
        system_instruction=setup.instructions,
        tools=_tools(setup, profile),
        thinking_config=_thinking(setup.thinking_level, profile),
        session_resumption=types.SessionResumptionConfig(handle=setup.resume_handle),
        context_window_compression=_compression(setup),
        realtime_input_config=_realtime(setup.activity),
        input_audio_transcription=types.AudioTranscriptionConfig(),
        output_audio_transcription=types.AudioTranscriptionConfig(),
    )
    if history_of(setup) and profile.announces_history:
        config.history_config = types.HistoryConfig(initial_history_in_client_content=True)
    return config


def history_of(setup: SessionSetup) -> list[types.Content]:
    """The turns to begin with; a resumed session brings its own."""
    if setup.resume_handle is not None:
        return []
    return [types.Content(role=role, parts=[types.Part(text=text)]) for role, text in setup.history if text]


def function_response(answer: ToolAnswer) -> types.FunctionResponse:
    """A tool's result. An empty one would make the model call again, or fall silent, so it says at least that."""
    return types.FunctionResponse(
        id="" if is_of_ours(answer.id) else answer.id,
        name=answer.name,
        response=dict(answer.response) or {"output": "done, without a result"},
    )


def _tools(setup: SessionSetup, profile: Profile) -> types.ToolListUnion | None:
    if not setup.tools:
        return None
    return [types.Tool(function_declarations=[_declaration(tool, profile) for tool in setup.tools])]


def _declaration(tool: ToolDeclaration, profile: Profile) -> types.FunctionDeclaration:
    """With `parameters`, never parameters_json_schema: Live ignores that, and calls come without arguments."""
    schema, behavior = gemini_schema(tool.parameters), profile.behavior(tool.blocking)
    return types.FunctionDeclaration(
        name=check_tool_name(tool.name),
        description=tool.description,
        parameters=types.Schema.model_validate(schema) if schema is not None else None,
        behavior=types.Behavior(behavior) if behavior is not None else None,
    )


def _thinking(level: str | None, profile: Profile) -> types.ThinkingConfig | None:
    if (taken := profile.thinking_level(level)) is not None:
        return types.ThinkingConfig(thinking_level=types.ThinkingLevel(taken.upper()))
    if (budget := profile.thinking_budget(level)) is not None:
        return types.ThinkingConfig(thinking_budget=budget)
    return None


def _compression(setup: SessionSetup) -> types.ContextWindowCompressionConfig | None:
    """Every turn is billed with all that went before, so a long call is told to forget its beginning."""
    if setup.compress_at_tokens is None:
        return None
    return types.ContextWindowCompressionConfig(
        trigger_tokens=setup.compress_at_tokens,
        sliding_window=types.SlidingWindow(target_tokens=setup.compress_to_tokens),
    )


def _realtime(activity: ActivityDetection) -> types.RealtimeInputConfig:
    """Coverage is always said: the default of some models ends a session on Vertex AI, or hears empty turns."""
    detection = types.AutomaticActivityDetection(disabled=True)
    if activity.automatic:
        detection = types.AutomaticActivityDetection(
            disabled=False,
            start_of_speech_sensitivity=_START[activity.start_sensitivity] if activity.start_sensitivity else None,
            end_of_speech_sensitivity=_END[activity.end_sensitivity] if activity.end_sensitivity else None,
            prefix_padding_ms=activity.prefix_padding_ms,
            silence_duration_ms=activity.silence_ms,
        )
    return types.RealtimeInputConfig(
        automatic_activity_detection=detection,
        activity_handling=(
            types.ActivityHandling.START_OF_ACTIVITY_INTERRUPTS
            if activity.interrupts
            else types.ActivityHandling.NO_INTERRUPTION
        ),
        turn_coverage=types.TurnCoverage.TURN_INCLUDES_ONLY_ACTIVITY,
    )
