"""The first message of a session as the Live API knows it; camelCase and snake_case both count, nothing else does.

Names and shapes follow Google's Live reference and what google-genai 3.4.0 puts on the wire.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from local.speech_model.models import Platform


class Message(BaseModel):
    """Part of a message: unknown names are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


SchemaType = Annotated[
    Literal["TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"],
    BeforeValidator(_upper),
]


class Schema(Message):
    """The subset of OpenAPI's schema that tools are declared in."""

    type: SchemaType | None = None
    format: str | None = None
    title: str | None = None
    description: str | None = None
    nullable: bool | None = None
    default: Any = None
    items: Schema | None = None
    min_items: int | None = None
    max_items: int | None = None
    enum: list[str] | None = None
    properties: dict[str, Schema] | None = None
    property_ordering: list[str] | None = None
    required: list[str] | None = None
    min_properties: int | None = None
    max_properties: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    example: Any = None
    any_of: list[Schema] | None = None


class FunctionDeclaration(Message):
    """A tool."""

    name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$")
    description: str | None = None
    parameters: Schema | None = None
    parameters_json_schema: dict[str, Any] | None = None
    response: Schema | None = None
    response_json_schema: dict[str, Any] | None = None
    behavior: Literal["UNSPECIFIED", "BLOCKING", "NON_BLOCKING"] | None = None


class Tool(Message):
    """Functions, or one of Google's own tools."""

    function_declarations: list[FunctionDeclaration] = []
    google_search: dict[str, Any] | None = None
    code_execution: dict[str, Any] | None = None
    url_context: dict[str, Any] | None = None
    google_maps: dict[str, Any] | None = None
    retrieval: dict[str, Any] | None = None


class Part(Message):
    """Words, or something else that only history carries."""

    text: str | None = None
    thought: bool | None = None
    inline_data: dict[str, Any] | None = None
    function_call: dict[str, Any] | None = None
    function_response: dict[str, Any] | None = None


class Content(Message):
    """One side's turn."""

    role: str | None = None
    parts: list[Part] = []

    @property
    def text(self) -> str:
        """All its words."""
        return "".join(part.text or "" for part in self.parts)


class PrebuiltVoice(Message):
    """One of Google's voices."""

    voice_name: str | None = None


class VoiceConfig(Message):
    """Whose voice."""

    prebuilt_voice_config: PrebuiltVoice | None = None


class SpeechConfig(Message):
    """How the model speaks."""

    voice_config: VoiceConfig | None = None
    language_code: str | None = None


class ThinkingConfig(Message):
    """How much the model thinks."""

    include_thoughts: bool | None = None
    thinking_budget: int | None = None
    thinking_level: Literal["THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"] | None = None


class GenerationConfig(Message):
    """How answers are made."""

    response_modalities: list[Literal["MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO", "VIDEO"]] | None = None
    speech_config: SpeechConfig | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = None
    top_k: float | None = None
    max_output_tokens: int | None = None
    candidate_count: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None
    media_resolution: str | None = None
    thinking_config: ThinkingConfig | None = None
    enable_affective_dialog: bool | None = None


class AutomaticActivityDetection(Message):
    """How the server finds the caller's speech."""

    disabled: bool = False
    start_of_speech_sensitivity: (
        Literal["START_SENSITIVITY_UNSPECIFIED", "START_SENSITIVITY_HIGH", "START_SENSITIVITY_LOW"] | None
    ) = None
    end_of_speech_sensitivity: (
        Literal["END_SENSITIVITY_UNSPECIFIED", "END_SENSITIVITY_HIGH", "END_SENSITIVITY_LOW"] | None
    ) = None
    prefix_padding_ms: int | None = Field(default=None, ge=0)
    silence_duration_ms: int | None = Field(default=None, ge=0)


class RealtimeInputConfig(Message):
    """How the stream of the caller's voice becomes turns."""

    automatic_activity_detection: AutomaticActivityDetection = AutomaticActivityDetection()
    activity_handling: (
        Literal["ACTIVITY_HANDLING_UNSPECIFIED", "START_OF_ACTIVITY_INTERRUPTS", "NO_INTERRUPTION"] | None
    ) = None
    turn_coverage: (
        Literal[
            "TURN_COVERAGE_UNSPECIFIED",
            "TURN_INCLUDES_ONLY_ACTIVITY",
            "TURN_INCLUDES_ALL_INPUT",
            "TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO",
        ]
        | None
    ) = None


class SessionResumption(Message):
    """Present: handles are wanted. With a handle: go on from there."""

    handle: str | None = None
    transparent: bool | None = None


class SlidingWindow(Message):
    """What compression leaves."""

    target_tokens: int | None = Field(default=None, ge=0)


class ContextWindowCompression(Message):
    """When compression begins."""

    trigger_tokens: int | None = Field(default=None, ge=0)
    sliding_window: SlidingWindow | None = None


class AudioTranscription(Message):
    """Present: transcripts are wanted."""

    language_codes: list[str] | None = None
    language_hints: dict[str, Any] | None = None
    custom_vocabulary: list[str] | None = None


class Proactivity(Message):
    """Whether the model may keep silent when it is not meant."""

    proactive_audio: bool | None = None


class HistoryConfig(Message):
    """Whether the first clientContent is history."""

    initial_history_in_client_content: bool = False


class SetupMessage(Message):
    """Everything that a session is opened with."""

    model: str
    generation_config: GenerationConfig = GenerationConfig()
    system_instruction: Content | None = None
    tools: list[Tool] = []
    realtime_input_config: RealtimeInputConfig = RealtimeInputConfig()
    session_resumption: SessionResumption | None = None
    context_window_compression: ContextWindowCompression | None = None
    input_audio_transcription: AudioTranscription | None = None
    output_audio_transcription: AudioTranscription | None = None
    proactivity: Proactivity | None = None
    history_config: HistoryConfig | None = None
    explicit_vad_signal: bool | None = None
    labels: dict[str, str] | None = None

    @property
    def instructions(self) -> str:
        """The words of the system instruction."""
        return self.system_instruction.text if self.system_instruction else ""

    @property
    def language(self) -> str | None:
        """The language part of speechConfig.languageCode."""
        speech = self.generation_config.speech_config
        return speech.language_code.partition("-")[0] if speech and speech.language_code else None

    @property
    def functions(self) -> dict[str, FunctionDeclaration]:
        """The declared tools by name."""
        return {function.name: function for tool in self.tools for function in tool.function_declarations}


ONLY_ON: dict[str, Platform] = {
    "history_config": Platform.DEVELOPER,
    "explicit_vad_signal": Platform.VERTEX,
    "labels": Platform.VERTEX,
}
"""Fields that the other platform has never heard of."""
