"""What each speech model can be asked for, and on which platform: the models differ, and refuse what they do not know.

A message that a model refuses ends its session with 1007, so what it does not take is left out, with a warning.
What they take stands in shared/domain/models.yaml, with its sources.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from functions.voice.speech.model import SessionSetup
from shared.domain.model_catalogue import Platform, Thinking, ToolMode, catalogue

__all__ = ["PROFILES", "Platform", "Profile", "Thinking", "ToolMode", "profile_of", "warnings"]


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


_UNKNOWN: Final = Profile(Thinking.NONE, ToolMode.ALWAYS_BLOCKING, announces_history=False, known=False)
"""Nothing that any of them refuses."""

PROFILES: Final[Mapping[tuple[str, Platform], Profile]] = {
    (family.prefix, platform): Profile(
        family.thinking,
        place.tools,
        family.levels,
        announces_history=place.announces_history,
        takes_context=place.takes_context,
    )
    for family in catalogue().families
    for platform, place in family.platforms.items()
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
