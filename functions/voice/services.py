"""The dependencies of the voice function; wiring.py builds one set for each process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from functions.tools.registry import Registry
from functions.voice.circuits import Circuits
from functions.voice.drain import Drain
from functions.voice.endings import Endings
from functions.voice.greetings.greetings import Greetings
from functions.voice.held_lines import HeldLines
from functions.voice.live_sessions import LiveSessions
from functions.voice.model_choice import as_asked
from functions.voice.notice_board import NoticeBoard
from functions.voice.ready_sessions import ReadySessions
from functions.voice.recording.recordings import Recordings
from functions.voice.speech.model import SpeechModel
from functions.voice.stream_token import StreamTokens
from functions.voice.webhooks import Signatures
from shared.clock import Clock
from shared.domain.agent import Agent
from shared.domain.language import Tagger
from shared.domain.model_catalogue import Platform
from shared.domain.model_succession import Resolution
from shared.store.agents import AgentBook
from shared.store.attempts import Attempts
from shared.store.journal import Journal
from shared.store.settlement import Settlement
from shared.store.store import Store
from shared.unfinished import Unfinished


@dataclass(frozen=True, slots=True)
class VoiceServices:
    """Everything outside a call that a call needs."""

    public_base_url: str
    account_sid: str | None
    signatures: Signatures
    tokens: StreamTokens
    store: Store
    journal: Journal
    clock: Clock
    agents: AgentBook
    tools: Registry
    speech_for: Callable[[Agent], SpeechModel]
    attempts: Attempts
    settlement: Settlement
    number_hash: Callable[[str], str]
    """A number's id on the suppression list."""
    model_of: Callable[[Agent], Resolution] = as_asked
    """Which model an agent's sessions are opened with."""
    place_of: Callable[[Agent], tuple[Platform, str | None]] = lambda _: (Platform.DEVELOPER, None)
    """Where they are: platform, and on Vertex AI the region."""
    circuits: Circuits | None = None
    """What the calls of this process know of the places; None: each finds out for itself."""
    sessions: LiveSessions = field(default_factory=LiveSessions)
    notices: NoticeBoard = field(default_factory=NoticeBoard)
    tagger: Tagger = field(default_factory=Tagger)
    """Says which language a turn is in."""
    held_lines: HeldLines = field(default_factory=HeldLines)
    """What agents say while a tool works."""
    endings: Endings = field(default_factory=Endings)
    ready: ReadySessions = field(default_factory=ReadySessions)
    unfinished: Unfinished = field(default_factory=Unfinished)
    """What has to be written though the call is over."""
    drain: Drain = field(default_factory=Drain)
    recordings: Recordings = field(default_factory=Recordings)
    greetings: Greetings = field(default_factory=Greetings)
