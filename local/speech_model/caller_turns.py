"""What the caller said, thought about and answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from local.speech_model.answer import Answers
from local.speech_model.ear import RATE_HZ, SpeechEnded
from local.speech_model.faults import Kind, Moment
from local.speech_model.listener import Listener
from local.speech_model.outlet import Outlet
from local.speech_model.record import SessionRecord
from local.speech_model.script import Script
from local.speech_model.trouble import Trouble

Work = Callable[[], Coroutine[Any, Any, None]]
BETWEEN = bytes(RATE_HZ // 5 * 2)
"""0.2 s of silence between two halves of a turn."""
NOT_UNDERSTOOD = "<noise>"
"""What Gemini writes for sounds that are no words."""


class CallerTurns:
    """Understands one caller, turn by turn."""

    def __init__(
        self,
        script: Script,
        listener: Listener,
        answers: Answers,
        outlet: Outlet,
        record: SessionRecord,
        trouble: Trouble,
        think_ms: int,
    ) -> None:
        self._script = script
        self._listener = listener
        self._answers = answers
        self._outlet = outlet
        self._record = record
        self._trouble = trouble
        self._think_s = think_ms / 1000
        self._thinking_about: SpeechEnded | None = None
        self._unanswered: SpeechEnded | None = None
        """A turn that had ended too soon: the caller went on while the model thought."""

    def take(self, turn: SpeechEnded) -> Work:
        """A turn has ended; what comes back answers it."""
        before, self._unanswered = self._unanswered, None
        self._thinking_about = _joined(before, turn)
        return lambda: self._answer(turn, before)

    async def _answer(self, turn: SpeechEnded, before: SpeechEnded | None) -> None:
        """Understand the turn, write down its words, answer it."""
        clock = asyncio.get_running_loop().time
        think_until = clock() + self._think_s
        phrase = await self._understand(turn, before)
        await asyncio.sleep(max(0.0, think_until - clock()))
        self._thinking_about = None
        late = await self._write_down(phrase)
        await self._answers.give(self._script.hear(self._answers.place, phrase), Moment.CALLER_TURN, late)

    def cut_off(self) -> None:
        """The caller speaks on; what was being thought about belongs to what comes."""
        self._unanswered, self._thinking_about = self._thinking_about, None

    async def _understand(self, turn: SpeechEnded, before: SpeechEnded | None) -> str | None:
        """The line that was said: with the half before the pause, or without it."""
        dialogue, place = self._script.dialogue, self._answers.place
        heard = None
        candidate = turn
        for candidate in [turn] if before is None else [_joined(before, turn), turn]:
            heard = await self._listener.hear(dialogue, place, candidate)
            if heard is not None:
                break
        self._record.heard.append(
            {
                "phrase": heard.phrase if heard else None,
                "likeness": round(heard.likeness, 2) if heard else None,
                "speech_s": round(candidate.speech_s, 2),
                "state": place.state,
            }
        )
        return heard.phrase if heard else None

    async def _write_down(self, phrase: str | None) -> list[bytes]:
        """Send the transcript; what is to be sent only after the answer has begun comes back."""
        frames = self._outlet.caller_words(
            self._script.dialogue.caller_lines[phrase].text if phrase else NOT_UNDERSTOOD
        )
        if self._trouble.take((Kind.NO_INPUT_TRANSCRIPT,), Moment.CALLER_TURN):
            return []
        if self._trouble.take((Kind.LATE_INPUT_TRANSCRIPT,), Moment.CALLER_TURN):
            return frames
        for frame in frames:
            await self._outlet.frame(frame)
        return []


def _joined(before: SpeechEnded | None, turn: SpeechEnded) -> SpeechEnded:
    """A turn in two halves as one."""
    if before is None:
        return turn
    gap_s = len(BETWEEN) / 2 / RATE_HZ
    return SpeechEnded(before.pcm + BETWEEN + turn.pcm, before.speech_s + gap_s + turn.speech_s)
