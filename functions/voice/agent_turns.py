"""The agent's turns: audio sent, words transcribed, and what the caller heard of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from functions.voice.playout import Playout
from functions.voice.spoken_text import SpokenText
from shared.domain.call import Speaker, Turn


@dataclass(slots=True)
class Answer:
    """One turn of the agent while it is being made or heard."""

    seq: int
    start_ms: float
    words: SpokenText = field(default_factory=SpokenText)
    complete: bool = False
    """The model has sent all of it."""
    agent_id: str | None = None


class AgentTurns:
    """Answers in the order they are made. At most one is open; several may still be on their way to the ear."""

    def __init__(self, seqs: Iterator[int]) -> None:
        self._seqs = seqs
        self._waiting: dict[int, Answer] = {}
        """Answers whose end has not been heard yet, by seq."""
        self._early_words: list[str] = []
        """Transcript that came ahead of the first audio of its answer."""
        self._open: Answer | None = None
        self._sounds = 0
        """Sounds of Parley's own are numbered down from here, turns up."""
        self._agent_id: str | None = None
        self._speaker_is_new = False
        """Whoever speaks now has not been heard yet: words that come belong to no earlier answer."""
        self.playout = Playout()
        self.begun_ms: float | None = None
        """When the latest answer began to be sent."""

    @property
    def is_open(self) -> bool:
        """The model is in the middle of an answer."""
        return self._open is not None

    @property
    def is_waiting(self) -> bool:
        """Something was sent that has not been heard to its end."""
        return bool(self._waiting)

    def audio(self, size: int, now_ms: float) -> str | None:
        """So much mu-law goes out now; opens an answer if none is. Returns the name of the mark that is due."""
        if self._open is None:
            self._open = Answer(next(self._seqs), now_ms, agent_id=self._agent_id)
            self.begun_ms = now_ms
            self._waiting[self._open.seq] = self._open
            for text in self._early_words:
                self._open.words.add(text, 0)
            self._early_words.clear()
            self._speaker_is_new = False
        return self.playout.send(self._open.seq, size, now_ms)

    def own_sound(self, size: int, now_ms: float) -> str | None:
        """A sound of Parley's own goes out, so much mu-law: it belongs to no turn. Returns the name of its mark."""
        self._sounds -= 1
        return self.playout.send(self._sounds, size, now_ms) or self.playout.complete(self._sounds)

    def words(self, text: str) -> None:
        """A fragment of transcript: of the open answer, of one just completed, or of the next."""
        answer = self._open or next(reversed(self._waiting.values()), None)
        if answer is None or (self._speaker_is_new and self._open is None):
            self._early_words.append(text)
        else:
            answer.words.add(text, self.playout.sent_ms(answer.seq))

    def speaks_as(self, agent_id: str) -> None:
        """This agent speaks from now on."""
        self._speaker_is_new = self._agent_id is not None
        self._agent_id = agent_id

    def sent_words(self) -> str:
        """The words of the open answer whose sound has been sent."""
        if self._open is None:
            return ""
        audio_ms = self.playout.sent_ms(self._open.seq)
        return self._open.words.split(audio_ms, audio_ms, complete=False)[0]

    def complete(self) -> str | None:
        """The model has sent all of the open answer. Returns the name of the last mark, if one is due."""
        if self._open is None:
            return None
        answer, self._open = self._open, None
        answer.complete = True
        return self.playout.complete(answer.seq)

    def cut(self, now_ms: float) -> list[Turn]:
        """The caller hears no more of what was sent; the turns as far as they were heard."""
        self.playout.clear(now_ms)
        turns = [
            self._turn(answer, now_ms, self.playout.sent_ms(seq), self.playout.heard_ms(seq, now_ms), cut_off=True)
            for seq, answer in self._waiting.items()
        ]
        self._waiting.clear()
        self._early_words.clear()
        self._open = None
        return turns

    def take_heard(self, now_ms: float) -> list[Turn]:
        """Turns that have been heard to their end since the last time asked."""
        if not self._waiting:
            return []
        return [
            self._turn(self._waiting.pop(span.answer), now_ms, span.audio_ms, span.audio_ms, cut_off=False)
            for span in self.playout.take_heard(now_ms)
            if span.answer in self._waiting
        ]

    @staticmethod
    def _turn(answer: Answer, now_ms: float, audio_ms: int, heard_ms: int, *, cut_off: bool) -> Turn:
        heard, unheard = answer.words.split(heard_ms, audio_ms, complete=answer.complete)
        return Turn(
            seq=answer.seq,
            speaker=Speaker.AGENT,
            text=heard,
            unheard=unheard,
            language=None,
            start_ms=round(answer.start_ms),
            end_ms=round(now_ms),
            cut_off=cut_off,
            audio_ms=audio_ms,
            heard_ms=heard_ms,
            agent_id=answer.agent_id,
        )
