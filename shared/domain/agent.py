"""Who Parley is on the phone: instructions, voice, languages, model, tools and limits."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from shared.domain.agent_tools import HttpTool, McpServer, OwnRecord
from shared.domain.nearest import nearest

AgentId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
"""BCP-47, language with an optional region: hi, en-IN."""

VOICES: dict[str, Literal["female", "male"]] = {
    **dict.fromkeys(
        "Zephyr Kore Leda Aoede Callirrhoe Autonoe Despina Erinome Laomedeia Achernar Gacrux Pulcherrima"
        " Vindemiatrix Sulafat".split(),
        "female",
    ),
    **dict.fromkeys(
        "Puck Charon Fenrir Orus Enceladus Iapetus Umbriel Algieba Algenib Rasalgethi Alnilam Schedar Achird"
        " Zubenelgenubi Sadachbia Sadaltager".split(),
        "male",
    ),
}
"""Gemini's thirty prebuilt voices (its speech-generation guide). Hindi verbs agree with the speaker's gender."""


class Strict(BaseModel):
    """A part of an agent's document: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LanguagePolicy(StrEnum):
    """What the agent does when the caller changes language."""

    MIRROR = "mirror"
    """Answer in the language of the caller's last turn, if it is allowed."""
    STAY = "stay"
    """Keep the start language."""


class Languages(Strict):
    """Which languages the agent speaks."""

    start: LanguageTag
    allowed: tuple[LanguageTag, ...] = ()
    policy: LanguagePolicy = LanguagePolicy.MIRROR

    @model_validator(mode="after")
    def _start_is_allowed(self) -> Languages:
        if self.allowed and self.start not in self.allowed:
            raise ValueError(
                f"the start language {self.start} is not among the allowed ones: {', '.join(self.allowed)}"
            )
        return self


class SpeechPlace(Strict):
    """A speech model, and where it runs."""

    id: str = "gemini-3.1-flash-live-preview"
    platform: Literal["configured", "developer", "vertex"] = "configured"
    """configured: whatever the process is set up for."""
    region: str | None = None
    """Vertex AI only."""
    thinking_level: Literal["minimal", "low", "medium", "high"] | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)


Residency = Literal["eu", "us"]
"""Where a caller's words may be worked on."""


class Model(SpeechPlace):
    """Which speech model voices the agent."""

    fallbacks: tuple[SpeechPlace, ...] = ()
    """Tried in this order when the model cannot be had, or is stuck in the middle of a call."""

    def and_fallbacks(self) -> tuple[Model, ...]:
        """All that may voice the agent, the best first."""
        return (self, *(Model(**place.model_dump()) for place in self.fallbacks))


class TurnTaking(Strict):
    """When the caller is taken to have begun and to have finished speaking."""

    mode: Literal["model", "parley"] = "model"
    """Who decides. model: the speech model, by its own ear. parley: a voice detector in front of it, which holds back
    what is over before it cuts the agent off: "haan", "hmm", the first "hello?" (docs/turns.md)."""
    start_sensitivity: Literal["high", "low"] | None = None
    end_sensitivity: Literal["high", "low"] | None = None
    prefix_padding_ms: int | None = Field(default=None, ge=0, le=2000)
    silence_ms: int | None = Field(default=600, ge=100, le=5000)
    """Silence that ends the caller's turn. 600 ms is what telephone peers settled on (Bolna's default)."""
    voice_threshold: float = Field(default=0.6, ge=0.05, le=0.95)
    """Mode parley: the probability of speech from which a sound is the caller's voice."""
    start_ms: int = Field(default=100, ge=20, le=1000)
    """Mode parley: so much speech begins a turn while the agent is not being heard."""
    backchannel_ms: int = Field(default=800, ge=0, le=3000)
    """Mode parley: so much speech cuts the agent off; less is a backchannel, and the agent goes on."""
    hello_ms: int = Field(default=1200, ge=0, le=4000)
    """Mode parley: the same for the first words of a call."""

    @model_validator(mode="after")
    def _what_is_set_has_an_effect(self) -> TurnTaking:
        # A document that was written out whole names every field; a default in it is nobody's wish.
        fields = type(self).model_fields
        wished = {name for name in self.model_fields_set if getattr(self, name) != fields[name].default}
        own = {"voice_threshold", "start_ms", "backchannel_ms", "hello_ms"} & wished
        models = {"start_sensitivity", "end_sensitivity", "prefix_padding_ms"} & wished
        if self.mode == "model" and own:
            raise ValueError(f"{', '.join(sorted(own))} need mode parley; in mode model the speech model decides")
        if self.mode == "parley" and models:
            raise ValueError(f"{', '.join(sorted(models))} are the speech model's, which mode parley does not ask")
        return self


class Limits(Strict):
    """What a call may take at the most."""

    call_s: int = Field(default=1800, ge=30, le=14_000)
    silence_s: int = Field(default=10, ge=3, le=120)
    """Neither side speaks for so long: the agent asks whether the caller is there."""
    cost: float | None = Field(default=None, gt=0, le=1_000)
    """US dollars for the speech model and the carrier together, at list prices. At four fifths of it the agent is told
    to come to an end, at all of it the line drops. Each stream counts for itself; one after a lost one starts anew."""


class Recording(Strict):
    """Whether the call is recorded, and for how long it is kept."""

    enabled: bool = True
    retention_days: int = Field(default=90, ge=1, le=3650)


class Agent(Strict):
    """An agent, as its YAML file or its document in the store says."""

    id: AgentId
    version: int = Field(default=1, ge=1)
    name: str = Field(min_length=1, max_length=60)
    company: str = Field(min_length=1, max_length=120)
    purpose: str = Field(min_length=1, max_length=300)
    instructions: str = Field(min_length=1, max_length=20_000)
    greeting: dict[LanguageTag, str]
    """What the agent says first, by language; must hold the start language. Words in [square brackets] are said only
    when the call is recorded."""
    greeting_from: Literal["live", "recording"] = "live"
    """recording: the first call's greeting is kept and played to those that follow, at once, in the same voice."""
    voice: str = "Kore"
    languages: Languages
    model: Model = Model()
    residency: Residency | None = None
    """A promise: what callers say goes to this part of the world alone, also when something fails."""
    turn_taking: TurnTaking = TurnTaking()
    tools: tuple[str, ...] = ()
    """Names of tools that come with Parley."""
    http_tools: tuple[HttpTool, ...] = ()
    mcp_servers: tuple[McpServer, ...] = ()
    tools_in_background: tuple[str, ...] = ()
    """Those of its tools that the model does not wait for (NON_BLOCKING)."""
    tool_needs: dict[str, tuple[str, ...]] = {}
    """Tool → what must be known of the caller before it runs, on top of what the tool itself wants."""
    own_record: OwnRecord = OwnRecord()
    transfer_numbers: dict[str, str] = {}
    """Who a caller can be connected to, by the name that the instructions use: {"front desk": "+493012345678"}."""
    warm_transfers: bool = False
    """Whoever is called hears a summary first, and takes the call by a key or does not."""
    hands_over_to: tuple[AgentId, ...] = ()
    """Agents that may take the caller over within the call, by hand_over; each speaks with its own voice."""
    limits: Limits = Limits()
    recording: Recording = Recording()
    extract: dict[str, Any] | None = None
    """JSON Schema of what to read out of the conversation after the call."""

    @field_validator("voice")
    @classmethod
    def _known_voice(cls, voice: str) -> str:
        if voice not in VOICES:
            like = nearest(voice, VOICES)
            meant = f"did you mean {like}? There are" if like else "choose one of"
            raise ValueError(f"there is no voice {voice!r}; {meant} {', '.join(sorted(VOICES))}")
        return voice

    @model_validator(mode="after")
    def _tools_have_names_of_their_own(self) -> Agent:
        names = [*dict.fromkeys(self.tools), *(tool.name for tool in self.http_tools)]
        names += [name for server in self.mcp_servers for name in server.tools]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two tools have the same name: {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _greets_in_its_start_language(self) -> Agent:
        if self.languages.start not in self.greeting:
            raise ValueError(f"no greeting in the start language {self.languages.start}")
        return self
