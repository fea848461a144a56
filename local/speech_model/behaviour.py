"""How the model behaves when nothing is wrong: its pace, its hearing, its patience."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Listening(StrEnum):
    """How the caller's words are found out."""

    SPEECH = "speech"
    """By their sound."""
    ENERGY = "energy"
    """Not at all: whenever somebody has made a sound, the next line of the script was said. For load, or in need."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One model's manners."""

    think_ms: int = 300
    """Between the end of the caller's turn and the first audio; recognising takes place in this time."""
    burst: float = 4.0
    """Audio is sent so many times faster than it is spoken."""
    playback: float = 1.0
    """turnComplete waits for a listener who hears so many times faster than real time; above 1 for tests."""
    chunk_ms: int = 40
    """The usual length of an audio chunk; some are twice or four times as long."""
    silence_ms: int = 500
    """Ends the caller's turn where the setup says nothing. Google gives no number; peers saw about this."""
    connection_life_s: float = 600.0
    go_away_lead_s: float = 50.0
    """goAway comes so long before the connection ends."""
    handle_life_s: float = 7200.0
    listening: Listening = Listening.SPEECH
    caller: str | None = None
    """With ENERGY: the dialogue's caller whose script tells what was said."""
    keep_audio: bool = True
    """Keep what every session received, 32 kB a second, for whoever wants to check it."""

    def __post_init__(self) -> None:
        if min(self.burst, self.playback, self.chunk_ms) <= 0:
            raise ValueError("burst, playback and chunk_ms are above zero")
