"""What a setup may ask of which model on which platform; anything else is refused as Google refuses it. [pure]"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from local.speech_model.models import LiveModel, Platform, find, model_id_of
from local.speech_model.refusal import INVALID_ARGUMENT, POLICY, Refusal, malformed
from local.speech_model.setup_message import ONLY_ON, FunctionDeclaration, SetupMessage
from shared.domain.agent import VOICES

VERTEX_TRIGGER_TOKENS = range(5_000, 128_001)


@dataclass(frozen=True, slots=True)
class Setup:
    """An accepted setup."""

    message: SetupMessage
    model: LiveModel
    platform: Platform

    def blocks(self, tool: str) -> bool:
        """Whether the model is silent until this tool's result."""
        declared = self.message.functions.get(tool)
        behaviour = declared.behavior if declared else None
        return self.model.calls_block if behaviour in (None, "UNSPECIFIED") else behaviour == "BLOCKING"


def read_setup(fields: Mapping[str, Any], platform: Platform, api_version: str) -> Setup:
    """The setup of these JSON fields. Raises Refusal."""
    try:
        message = SetupMessage.model_validate(fields)
    except ValidationError as error:
        raise malformed(error, "setup") from None
    model = find(message.model, platform)
    if model is None:
        raise Refusal(POLICY, _not_found(message.model, platform, api_version))
    setup = Setup(message, model, platform)
    for reason in _refusals(setup):
        raise Refusal(INVALID_ARGUMENT, reason)
    return setup


def _not_found(name: str, platform: Platform, api_version: str) -> str:
    if platform is Platform.VERTEX:
        return f"Publisher Model `{name}` was not found or your project does not have access to it."
    if model_id_of(name, platform) is None:
        name = f"models/{name}"
    return f"{name} is not found for API version {api_version}, or is not supported for bidiGenerateContent."


def _refusals(setup: Setup) -> Iterator[str]:
    yield from _platform_refusals(setup)
    yield from _generation_refusals(setup)
    yield from _proactivity_refusals(setup)
    for tool in setup.message.tools:
        if tool.code_execution is not None or tool.url_context is not None or tool.google_maps is not None:
            yield "The requested tool is not supported by this model."
        for function in tool.function_declarations:
            yield from _function_refusals(function, setup.model)


def _platform_refusals(setup: Setup) -> Iterator[str]:
    message, platform = setup.message, setup.platform
    for field, home in ONLY_ON.items():
        if field in message.model_fields_set and platform is not home:
            yield f"Invalid JSON payload received. Unknown name \"{to_camel(field)}\" at 'setup': Cannot find field."
    resumption = message.session_resumption
    if resumption is not None and resumption.transparent and platform is Platform.DEVELOPER:
        yield "Transparent session resumption is not supported."
    coverage = message.realtime_input_config.turn_coverage
    if platform is Platform.VERTEX and coverage == "TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO":
        yield "Unsupported turn coverage: TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO"
    compression = message.context_window_compression
    trigger = compression.trigger_tokens if compression else None
    if platform is Platform.VERTEX and trigger is not None and trigger not in VERTEX_TRIGGER_TOKENS:
        yield "trigger_tokens must be between 5000 and 128000."


def _generation_refusals(setup: Setup) -> Iterator[str]:
    config, model = setup.message.generation_config, setup.model
    if config.response_modalities is not None and config.response_modalities != ["AUDIO"]:
        yield "Cannot extract voices from a non-audio request."
    voice = config.speech_config.voice_config if config.speech_config else None
    name = voice.prebuilt_voice_config.voice_name if voice and voice.prebuilt_voice_config else None
    if name is not None and name not in VOICES:
        yield f"Requested voice api_name '{name}' is not available for model {model.id}."
    thinking = config.thinking_config
    if thinking is not None:
        if not model.thinking_levels and not model.thinking_budget:
            yield "Thinking is not supported by this model."
        if thinking.thinking_level is not None and thinking.thinking_level not in model.thinking_levels:
            yield f"Thinking level {thinking.thinking_level} is not supported by this model."
        if thinking.thinking_budget is not None and not model.thinking_budget:
            yield "Thinking budget is not supported by this model."
    if config.enable_affective_dialog is not None and not model.affective:
        yield "Affective dialog is not supported by this model."


def _proactivity_refusals(setup: Setup) -> Iterator[str]:
    proactivity, switch = setup.message.proactivity, setup.model.proactive_audio
    if proactivity is None:
        return
    if switch is False:
        yield "Proactive audio is not supported by this model."
    if switch is None and proactivity.proactive_audio is False:
        yield "Proactive audio cannot be disabled for this model."


def _function_refusals(function: FunctionDeclaration, model: LiveModel) -> Iterator[str]:
    if function.behavior not in (None, "UNSPECIFIED") and function.behavior not in model.call_behaviours:
        yield f"Function calling behavior {function.behavior} is not supported by this model."
    if function.parameters is not None and function.parameters_json_schema is not None:
        yield "Only one of parameters and parameters_json_schema may be set."
