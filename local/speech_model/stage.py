"""Everything that the sessions of one server share, and how a session is put together from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from local.dialogues import Dialogue, voice_for
from local.speech_model.answer import Answers
from local.speech_model.behaviour import Behaviour, Listening
from local.speech_model.caller_turns import CallerTurns
from local.speech_model.ear import Ear, IsSpeech, is_loud, voice_detector
from local.speech_model.faults import FaultBook
from local.speech_model.listener import Listener, Recogniser, TurnOrder
from local.speech_model.memory import Conversation, Memory, Saved
from local.speech_model.models import Platform
from local.speech_model.neutral import NEUTRAL
from local.speech_model.outlet import Outlet, Wire
from local.speech_model.record import SessionRecord
from local.speech_model.refusal import INTERNAL, POLICY, Refusal
from local.speech_model.script import Place, Script
from local.speech_model.session import Parts, Session
from local.speech_model.setup_message import SetupMessage
from local.speech_model.setup_rules import Setup
from local.speech_model.speaker import Speaker
from local.speech_model.spoken import Cut
from local.speech_model.tool_desk import ToolDesk
from local.speech_model.trouble import Trouble
from local.speech_model.usage import Usage
from local.speech_model.voice import Voice

MONTHS = "January February March April May June July August September October November December".split()
DATE = re.compile(rf"\b(\d{{1,2}}) ({'|'.join(MONTHS)}) (\d{{4}})\b")
BEGIN_IN = re.compile(r"\bbegin in (english|hindi)\b", re.IGNORECASE)
LANGUAGES = {"en": "en", "hi": "hi", "english": "en", "hindi": "hi"}
SENSITIVITY = {Platform.DEVELOPER: "HIGH", Platform.VERTEX: "LOW"}
"""Where the setup says nothing."""
STRICTNESS = {"START_SENSITIVITY_LOW": 3}
DEFAULT_STRICTNESS = 2


@dataclass(slots=True)
class Stage:
    """One server's belongings. recogniser: None where sessions listen for energy alone."""

    dialogues: Mapping[str, Dialogue]
    behaviour: Behaviour
    voice: Voice
    recogniser: Recogniser | None
    now: Callable[[], datetime]
    faults: FaultBook = field(default_factory=FaultBook)
    memory: Memory = field(default_factory=Memory)

    def dialogue_for(self, instructions: str) -> Dialogue:
        """The agent whose instructions these are; a neutral one if nobody knows it."""
        return next((known for known in self.dialogues.values() if known.recognises(instructions)), NEUTRAL)

    def find(self, setup: Setup, now_s: float) -> Saved | None:
        """What the setup resumes; None for a new conversation. Raises Refusal."""
        resumption = setup.message.session_resumption
        if resumption is None or not resumption.handle:
            return None
        saved = self.memory.find(resumption.handle, now_s)
        if saved is None:
            raise Refusal(POLICY, "BidiGenerateContent session not found")
        if saved.conversation.open_sessions:
            raise Refusal(INTERNAL, "Internal error encountered.")
        return saved

    def conversation(self, message: SetupMessage) -> tuple[Conversation, Place]:
        """A new conversation, and where it begins."""
        dialogue = self.dialogue_for(message.instructions)
        today = _date_in(message.instructions) or self.now().date()
        values = {"today": today.isoformat(), "tomorrow": (today + timedelta(days=1)).isoformat()}
        return Conversation(Script(dialogue, values)), Place(language=_language(message))

    def session(self, wire: Wire, setup: Setup, saved: Saved | None, record: SessionRecord) -> Session:
        """A session on this wire."""
        conversation, place = (saved.conversation, saved.place) if saved else self.conversation(setup.message)
        dialogue = conversation.script.dialogue
        record.dialogue, record.state = dialogue.agent, place.state
        record.resumed_from = saved.session if saved else None
        usage = _usage(setup.message, saved)
        outlet = Outlet(wire, setup, usage)
        trouble = Trouble(self.faults, record, outlet)
        cut = Cut(
            self.behaviour.chunk_ms,
            transcribe=setup.message.output_audio_transcription is not None,
            packs=setup.model.packs_events,
        )
        speaker = Speaker(
            outlet,
            self.voice,
            lambda language: voice_for(dialogue.agent_voice, language),
            cut,
            self.behaviour,
            usage,
            record,
            trouble,
        )
        desk = ToolDesk(outlet, setup, conversation, record, trouble)
        answers = Answers(conversation.script, place, speaker, desk, outlet, trouble)
        listener = self._listener(dialogue, record)
        caller_turns = CallerTurns(
            conversation.script, listener, answers, outlet, record, trouble, self.behaviour.think_ms
        )
        return Session(
            Parts(
                setup,
                conversation,
                self.behaviour,
                self.memory,
                record,
                outlet,
                usage,
                self._ear(setup),
                answers,
                caller_turns,
                desk,
                trouble,
            )
        )

    def _listener(self, dialogue: Dialogue, record: SessionRecord) -> Listener:
        record.listening = (Listening.ENERGY if self.recogniser is None else Listening.SPEECH).value
        return self.recogniser or TurnOrder(dialogue, self.behaviour.caller)

    def _ear(self, setup: Setup) -> Ear:
        detection = setup.message.realtime_input_config.automatic_activity_detection
        usual = SENSITIVITY[setup.platform]
        detection = detection.model_copy(
            update={
                "start_of_speech_sensitivity": detection.start_of_speech_sensitivity or f"START_SENSITIVITY_{usual}",
                "end_of_speech_sensitivity": detection.end_of_speech_sensitivity or f"END_SENSITIVITY_{usual}",
            }
        )
        is_speech: IsSpeech = is_loud
        if self.recogniser is not None:
            sensitivity = detection.start_of_speech_sensitivity or ""
            is_speech = voice_detector(STRICTNESS.get(sensitivity, DEFAULT_STRICTNESS))
        return Ear(detection, self.behaviour.silence_ms, is_speech)


def _usage(message: SetupMessage, saved: Saved | None) -> Usage:
    compression = message.context_window_compression
    trigger = compression.trigger_tokens if compression else None
    window = compression.sliding_window if compression else None
    target = window.target_tokens if window and window.target_tokens is not None else (trigger or 0) // 2
    usage = Usage(*(saved.tokens if saved else (0.0, 0.0)), compress_at=trigger, compress_to=target)
    if saved is None:
        usage.add_text(message.instructions)
    return usage


def _language(message: SetupMessage) -> str:
    """The language to begin in: by the speech configuration, or by the usual words of an instruction."""
    said = BEGIN_IN.search(message.instructions)
    return LANGUAGES.get(message.language or (said[1].lower() if said else ""), "en")


def _date_in(instructions: str) -> date | None:
    """The day that the instructions say it is."""
    said = DATE.search(instructions)
    try:
        return date(int(said[3]), MONTHS.index(said[2]) + 1, int(said[1])) if said else None
    except ValueError:
        return None
