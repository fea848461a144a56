"""Who finds out what the caller said: a recogniser in processes of its own, or the order of the script."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Collection
from concurrent.futures import ProcessPoolExecutor
from typing import Protocol

from local.dialogues import Dialogue
from local.speech_model.ear import SpeechEnded
from local.speech_model.recogniser import Recognised, recognise
from local.speech_model.script import Place

MOST_WORKERS = 2


class Listener(Protocol):
    """Tells which of a dialogue's lines was said."""

    async def hear(self, dialogue: Dialogue, place: Place, turn: SpeechEnded) -> Recognised | None:
        """The line, if it is one that the dialogue hears in this state."""
        ...


class Recogniser:
    """Recognises lines by their sound; the work is done in other processes, so that no session waits for another."""

    def __init__(self, workers: int | None = None) -> None:
        # Processes, because pocketsphinx holds Python's lock for a tenth of a second at a time.
        self._pool = ProcessPoolExecutor(
            workers or max(1, min(MOST_WORKERS, (os.cpu_count() or 1) - 1)),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin_worker,
        )

    async def warm_up(self, dialogues: Collection[Dialogue]) -> None:
        """Load the models before the first caller speaks."""
        silence = bytes(16_000)
        await asyncio.gather(*(self._recognise(dialogue, (), silence, 0.5) for dialogue in dialogues))

    async def hear(self, dialogue: Dialogue, place: Place, turn: SpeechEnded) -> Recognised | None:
        """The line, if it is one that the dialogue hears in this state."""
        expected = tuple(dialogue.heard_in(place.state))
        if not expected:
            return None
        return await self._recognise(dialogue, expected, turn.pcm, turn.speech_s)

    async def _recognise(
        self, dialogue: Dialogue, expected: Collection[str], pcm: bytes, speech_s: float
    ) -> Recognised | None:
        lines = tuple((phrase, line.text) for phrase, line in dialogue.caller_lines.items())
        if not lines:
            return None
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, recognise, lines, expected, pcm, speech_s)

    def close(self) -> None:
        """Stop the workers."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _begin_worker() -> None:
    """A worker leaves signals to the server, and does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(0)


class TurnOrder:
    """Hears nothing: takes the script's lines in their order. One for each session.

    With a caller named, that caller's next line that can be said here; otherwise, in every state, first the first
    thing that the state hears, the next time the second.
    """

    def __init__(self, dialogue: Dialogue, caller: str | None = None) -> None:
        script = dialogue.callers.get(caller or "")
        self._lines = [step.line for step in script.steps if step.line is not None] if script else []
        self._visits: dict[str, int] = {}

    async def hear(self, dialogue: Dialogue, place: Place, turn: SpeechEnded) -> Recognised | None:
        """The next line of the script."""
        possible = dialogue.heard_in(place.state)
        while self._lines:
            line = self._lines.pop(0)
            if line in possible:
                return Recognised(line, 1.0)
        if not possible:
            return None
        intents = list(dialogue.states[place.state].hears) or [line.intent for line in possible.values()]
        visit = self._visits.get(place.state, 0)
        self._visits[place.state] = visit + 1
        intent = intents[min(visit, len(intents) - 1)]
        return Recognised(next(phrase for phrase, line in possible.items() if line.intent == intent), 1.0)
