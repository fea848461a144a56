"""What the voice function works with; wiring.py makes one of these a process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from functions.tools.registry import Registry
from functions.voice.circuits import Circuits
from functions.voice.drain import Drain
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
from shared.domain.call import Ending
from shared.domain.language import Tagger
from shared.domain.model_catalogue import Platform
from shared.domain.model_succession import Resolution
from shared.store.agents import AgentBook
from shared.store.attempts import Attempts
from shared.store.journal import Journal
from shared.store.settlement import Settlement
from shared.store.store import Store

MOST_REMEMBERED = 2_000


@dataclass(frozen=True, slots=True)
class AfterStream:
    """How a stream ended, for the webhook that asks what comes next."""

    ending: Ending
    language: str | None
    stream_no: int
    transfer_to: str | None = None
    is_warm: bool = False
    """Whoever is rung is asked first."""
    agent_id: str | None = None
    attempt_id: str | None = None
    """Of a call that Parley placed."""
    agent_version: int | None = None
    """The one that the call began with, or that the agent it was handed over to had."""
    facts: tuple[str, ...] = ()
    """What tools have found out about the caller."""


class Endings:
    """The last streams' endings, so that the next webhook need not wait for the store."""

    def __init__(self) -> None:
        self._by_call: OrderedDict[str, AfterStream] = OrderedDict()

    def remember(self, call_sid: str, after: AfterStream) -> None:
        """The stream of this call ended so."""
        self._by_call[call_sid] = after
        self._by_call.move_to_end(call_sid)
        while len(self._by_call) > MOST_REMEMBERED:
            self._by_call.popitem(last=False)

    def take(self, call_sid: str) -> AfterStream | None:
        """How the call's last stream ended, if it was carried here. Asked once: the next may be carried elsewhere."""
        return self._by_call.pop(call_sid, None)


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
    drain: Drain = field(default_factory=Drain)
    recordings: Recordings = field(default_factory=Recordings)
    greetings: Greetings = field(default_factory=Greetings)
