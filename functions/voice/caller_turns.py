"""The caller's turns: when they spoke, by their voice, and what they said, as the model understood it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from functions.voice.voice_activity import VoiceActivity
from shared.domain.backchannel import is_backchannel
from shared.domain.call import Speaker, Turn

LATE_WORDS_MS = 3_000
"""Words that have not come so long after the voice do not come."""


@dataclass(slots=True)
class Utterance:
    """One turn of the caller while it is open."""

    seq: int
    start_ms: float
    end_ms: float
    words: list[str] = field(default_factory=list)
    last_word_ms: float = 0.0
    over_agent: bool = False
    """It began while the agent was being heard, and has not stopped it."""
    aside: bool = False
    """It was a mere backchannel."""


class CallerTurns:
    """Turns open with the caller's voice (or with words, when the voice was too soft) and close with an answer.

    Words may come late, when the answer has begun: they belong to the turn before, as long as the caller has
    not spoken again since.
    """

    def __init__(self, seqs: Iterator[int], voice: VoiceActivity) -> None:
        self._seqs = seqs
        self._voice = voice
        self._open: Utterance | None = None
        self._closed: Utterance | None = None

    @property
    def is_open(self) -> bool:
        """The caller has spoken and has not been answered."""
        return self._open is not None

    @property
    def so_far(self) -> Turn | None:
        """What the caller has said and is not answered yet, as far as its words are known."""
        return self._turn(self._open) if self._open is not None and self._open.words else None

    def awaits_words(self, now_ms: float) -> bool:
        """The caller has spoken, and not all of their words may have come."""
        if self._open is not None:
            return True
        last_voice_ms, last = self._voice.last_voice_ms, self._closed
        if last_voice_ms is None or now_ms - last_voice_ms > LATE_WORDS_MS:
            return False
        return last is None or not last.words or self._spoke_since(last)

    def begin(self, now_ms: float, *, over_agent: bool = False) -> None:
        """The caller is speaking, and has the floor unless it is over the agent; opens a turn if none is open."""
        if self._open is None:
            start_ms = self._voice.started_ms if self._voice.speaking else now_ms
            self._open = Utterance(next(self._seqs), start_ms, now_ms, over_agent=over_agent)
        elif not over_agent:
            self._open.over_agent = False

    def words(self, text: str, now_ms: float, *, over_agent: bool = False) -> Turn | None:
        """A fragment of transcript. Returns the earlier turn again when the words belong to it."""
        if self._open is None and self._closed is not None and not self._spoke_since(self._closed):
            self._closed.words.append(text)
            return self._turn(self._closed)
        if self._open is None:
            self.begin(now_ms, over_agent=over_agent)
        assert self._open is not None
        self._open.words.append(text)
        self._open.last_word_ms = now_ms
        return None

    def _spoke_since(self, turn: Utterance) -> bool:
        return self._voice.started_ms > turn.end_ms

    def close(self, now_ms: float) -> Turn | None:
        """The caller's turn is over; the turn, if any words of it are known."""
        if self._open is None:
            return None
        turn, self._open = self._open, None
        last_voice_ms = self._voice.last_voice_ms
        turn.end_ms = last_voice_ms if last_voice_ms is not None and last_voice_ms > turn.start_ms else now_ms
        self._closed = turn
        return self._turn(turn) if turn.words else None

    def close_aside(self, now_ms: float, *, ended_ms: float = 0.0) -> Turn | None:
        """The agent has spoken on over what is open; the turn, if that was a mere backchannel.

        ended_ms: only what was over for so long counts; what is fresher may be an answer.
        """
        turn = self._open
        if turn is None or not turn.over_agent or not is_backchannel("".join(turn.words)):
            return None
        last_ms = max(turn.last_word_ms, self._voice.last_voice_ms or 0.0) if ended_ms else turn.last_word_ms
        if now_ms - last_ms < ended_ms:
            return None
        turn.aside = True
        return self.close(now_ms)

    @staticmethod
    def _turn(turn: Utterance) -> Turn:
        text = " ".join("".join(turn.words).split())
        return Turn(
            seq=turn.seq,
            speaker=Speaker.CALLER,
            text=text,
            language=None,
            start_ms=round(turn.start_ms),
            end_ms=round(turn.end_ms),
            aside=turn.aside and is_backchannel(text),
        )
