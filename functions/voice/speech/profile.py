"""What each speech model can be asked for, and on which platform: the models differ, and refuse what they do not know.

A message that a model refuses ends its session with 1007, so what it does not take is left out, with a warning.
Sources: Google's Live API guide and model pages (September and October 2026), and what other teams met in the field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from functions.voice.speech.model import SessionSetup

ALL_LEVELS: Final = frozenset({"minimal", "low", "medium", "high"})


class Platform(StrEnum):
    """Which of Google's two doors."""

    DEVELOPER = "developer"
    VERTEX = "vertex"


class Thinking(StrEnum):
    """How a model is told how much to think."""

    LEVEL = "level"
    BUDGET = "budget"
    """In tokens. Zero is off; without one the model decides."""
    NONE = "none"


class ToolMode(StrEnum):
    """Whether a tool call holds the model up, and whether a declaration may say so."""

    ALWAYS_BLOCKING = "always blocking"
    BLOCKING_UNLESS_TOLD = "blocking unless told"
    FREE_UNLESS_TOLD = "free unless told"
    ALWAYS_FREE = "always free"


@dataclass(frozen=True, slots=True)
class Profile:
    """One family of models on one platform."""

    thinking: Thinking
    tools: ToolMode
    levels: frozenset[str] = frozenset()
    """Thinking levels it takes."""
    announces_history: bool = True
    """Earlier turns are announced in the setup and sent before the first caller audio; otherwise just sent."""
    takes_context: bool = False
    """Turns may be added in the middle of a session without an answer being asked for. Early releases of 3.1 ended
    the session on that, so only families that never did are trusted with it."""
    known: bool = True

    def thinking_level(self, level: str | None) -> str | None:
        """The level to send, if this model takes it."""
        return level if self.thinking is Thinking.LEVEL and level in self.levels else None

    def thinking_budget(self, level: str | None) -> int | None:
        """Tokens to send: off for "minimal"; any other level is the model's own decision."""
        return 0 if self.thinking is Thinking.BUDGET and level == "minimal" else None

    def behavior(self, blocking: bool) -> str | None:
        """What a tool's declaration says, where it must say something."""
        match self.tools:
            case ToolMode.BLOCKING_UNLESS_TOLD:
                return None if blocking else "NON_BLOCKING"
            case ToolMode.FREE_UNLESS_TOLD:
                return "BLOCKING" if blocking else None
            case _:
                return None


_FLASH_3_1: Final = Profile(Thinking.LEVEL, ToolMode.ALWAYS_BLOCKING, ALL_LEVELS)
_LIVE_3_8: Final = Profile(Thinking.NONE, ToolMode.FREE_UNLESS_TOLD, takes_context=True)
_LIVE_3_8_VERTEX: Final = Profile(Thinking.NONE, ToolMode.FREE_UNLESS_TOLD, announces_history=False, takes_context=True)
_EXTENDED_3_8: Final = Profile(Thinking.LEVEL, ToolMode.ALWAYS_FREE, ALL_LEVELS - {"minimal"}, takes_context=True)
_FLASH_2_5: Final = Profile(Thinking.BUDGET, ToolMode.BLOCKING_UNLESS_TOLD, announces_history=False, takes_context=True)
# On Vertex AI, declaring a tool of 2.5 as non-blocking broke tools altogether.
_FLASH_2_5_VERTEX: Final = Profile(
    Thinking.BUDGET, ToolMode.ALWAYS_BLOCKING, announces_history=False, takes_context=True
)
_UNKNOWN: Final = Profile(Thinking.NONE, ToolMode.ALWAYS_BLOCKING, announces_history=False, known=False)
"""Nothing that any of them refuses."""

PROFILES: Final[dict[tuple[str, Platform], Profile]] = {
    ("gemini-3.1-flash-live", Platform.DEVELOPER): _FLASH_3_1,
    ("gemini-3.8-live", Platform.DEVELOPER): _LIVE_3_8,
    ("gemini-3.8-live", Platform.VERTEX): _LIVE_3_8_VERTEX,
    ("gemini-3.8-live-extended-thinking", Platform.DEVELOPER): _EXTENDED_3_8,
    ("gemini-2.5-flash-native-audio", Platform.DEVELOPER): _FLASH_2_5,
    ("gemini-live-2.5-flash", Platform.DEVELOPER): _FLASH_2_5,
    ("gemini-live-2.5-flash", Platform.VERTEX): _FLASH_2_5_VERTEX,
}
"""By the beginning of the model's id: the longest that fits."""


def profile_of(model: str, platform: Platform) -> Profile:
    """What is known of a model there; a model we do not know gets nothing that could be refused."""
    fitting = [prefix for prefix, place in PROFILES if place is platform and model.startswith(prefix)]
    return PROFILES[max(fitting, key=len), platform] if fitting else _UNKNOWN


def warnings(setup: SessionSetup, platform: Platform) -> Sequence[str]:
    """What of a setup this model will not honour, in fixed phrases."""
    profile, found = profile_of(setup.model, platform), []
    if not profile.known:
        found.append("this model is not known on this platform; nothing special is asked of it")
    level = setup.thinking_level
    if level is not None and profile.thinking_level(level) is None and profile.thinking_budget(level) is None:
        found.append("this model does not take this thinking level; it is left out")
    blocking = {tool.blocking for tool in setup.tools}
    if False in blocking and profile.tools is ToolMode.ALWAYS_BLOCKING:
        found.append("this model waits for every tool; it is silent until the result is there")
    if True in blocking and profile.tools is ToolMode.ALWAYS_FREE:
        found.append("this model waits for no tool; it goes on speaking meanwhile")
    return found
