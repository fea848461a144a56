"""The Live models of late 2026 and what each takes, by Google's model pages and capability guide. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Platform(StrEnum):
    """Whose door the client came through."""

    DEVELOPER = "developer"
    VERTEX = "vertex"


@dataclass(frozen=True, slots=True)
class LiveModel:
    """One model. Empty sets mean: not supported."""

    id: str
    platforms: frozenset[Platform]
    thinking_levels: frozenset[str] = frozenset()
    thinking_budget: bool = False
    call_behaviours: frozenset[str] = frozenset({"BLOCKING"})
    """What a tool declaration may ask for."""
    calls_block: bool = True
    """What it gets when it asks for nothing."""
    proactive_audio: bool | None = False
    """False: the switch is not known; True: may be switched; None: always on, and switching it off is a mistake."""
    affective: bool = False
    packs_events: bool = True
    """Audio, transcript and more in one event; older models send one thing at a time."""
    interaction_status: bool = False
    """Says apart from turnComplete whether more is to come."""
    media_chunks: bool = False
    """Whether it still takes the old realtimeInput.mediaChunks."""


DEVELOPER_ONLY = frozenset({Platform.DEVELOPER})
VERTEX_ONLY = frozenset({Platform.VERTEX})
BOTH = frozenset(Platform)
EITHER_WAY = frozenset({"BLOCKING", "NON_BLOCKING"})


def _native_audio_25(model_id: str, platforms: frozenset[Platform]) -> LiveModel:
    return LiveModel(
        model_id,
        platforms,
        thinking_budget=True,
        call_behaviours=EITHER_WAY,
        proactive_audio=True,
        affective=True,
        packs_events=False,
        media_chunks=True,
    )


LIVE_MODELS: Mapping[str, LiveModel] = {
    model.id: model
    for model in (
        LiveModel(
            "gemini-3.1-flash-live-preview",
            DEVELOPER_ONLY,
            thinking_levels=frozenset({"MINIMAL", "LOW", "MEDIUM", "HIGH"}),
        ),
        LiveModel("gemini-3.8-live", BOTH, call_behaviours=EITHER_WAY, calls_block=False, proactive_audio=None),
        LiveModel(
            "gemini-3.8-live-extended-thinking",
            DEVELOPER_ONLY,
            thinking_levels=frozenset({"LOW", "MEDIUM", "HIGH"}),
            call_behaviours=frozenset({"NON_BLOCKING"}),
            calls_block=False,
            proactive_audio=None,
            interaction_status=True,
        ),
        _native_audio_25("gemini-2.5-flash-native-audio-preview-12-2025", DEVELOPER_ONLY),
        _native_audio_25("gemini-2.5-flash-native-audio-latest", DEVELOPER_ONLY),
        _native_audio_25("gemini-live-2.5-flash-native-audio", VERTEX_ONLY),
    )
}

TEXT_MODELS = ("gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-3.1-flash", "gemini-3.8-flash")
"""For generateContent; any other id that does not belong to a Live model is answered too."""


def model_id_of(name: str, platform: Platform) -> str | None:
    """models/ID, or projects/P/locations/L/publishers/google/models/ID; None if the name has another form."""
    parts = name.split("/")
    if platform is Platform.DEVELOPER:
        return parts[1] if len(parts) == 2 and parts[0] == "models" else None
    if len(parts) == 8 and parts[0::2] == ["projects", "locations", "publishers", "models"] and parts[5] == "google":
        return parts[7] if all(parts) and parts[3] != "global" else None
    if len(parts) == 4 and parts[:3] == ["publishers", "google", "models"]:
        return parts[3]
    return None


def find(name: str, platform: Platform) -> LiveModel | None:
    """The model of that name, if this platform serves it."""
    model = LIVE_MODELS.get(model_id_of(name, platform) or "")
    return model if model is not None and platform in model.platforms else None
