"""What the next model session must be given: its resume handle, waiting directions, and answers of tools."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence

from functions.voice.prompts import tools_answered, tools_at_work, tools_done
from functions.voice.speech.model import (
    ResumeHandle,
    SpeechEvent,
    SpeechSession,
    ToolAnswer,
    ToolCall,
    ToolCallsCancelled,
)


class Arrears:
    """Of one call's line to the model, over all its sessions."""

    def __init__(self) -> None:
        self.handle: str | None = None
        """What the next session can be resumed with; None: it begins afresh."""
        self._calls: dict[str, str] = {}
        """Tools whose answers a session resumed with the handle does not have: by id, the name."""
        self._later: set[str] = set()
        """Those of them that it does not even know to have been called."""
        self._answers: list[ToolAnswer] = []
        """Answers that were sent since the handle was given."""
        self._foreign: set[str] = set()
        """Calls of sessions that could not be resumed: their answers can only be told."""
        self._waiting_messages: deque[ToolAnswer | str] = deque()

    # -- what happens on a session

    def came(self, events: Sequence[SpeechEvent]) -> None:
        """The model sent this: a handle makes a new start, tools called after it are remembered."""
        for event in events:
            if isinstance(event, ResumeHandle) and event.handle is not None:
                self.handle = event.handle
                for answer in self._answers:
                    self._calls.pop(answer.id, None)
                self._later.clear()
                self._answers.clear()
            elif isinstance(event, ToolCall):
                self._calls[event.id] = event.name
                self._later.add(event.id)
            elif isinstance(event, ToolCallsCancelled):
                for tool_call_id in event.ids:
                    self.settled(tool_call_id)

    def keep(self, message: ToolAnswer | str) -> None:
        """No session could take this tool answer, or direction."""
        self._waiting_messages.append(message)

    async def send(self, message: ToolAnswer | str, session: SpeechSession) -> None:
        """Give it to this session, in the way in which it can take it. Raises SessionEnded."""
        if isinstance(message, str):
            await session.send_text(message)
            return
        if message.id in self._foreign:
            await session.send_text(tools_answered([_told(message)]))
        else:
            await session.send_tool_answers([message])
        self._answers.append(message)

    def is_foreign(self, tool_call_id: str) -> bool:
        """Whether a session that could not be resumed made this call."""
        return tool_call_id in self._foreign

    def settled(self, tool_call_id: str) -> None:
        """Nobody waits for this call's answer any more."""
        self._calls.pop(tool_call_id, None)
        self._later.discard(tool_call_id)

    # -- when another takes over

    def disown_calls(self) -> None:
        """Give the handle up if tools were called since: whoever resumes with it would call them again."""
        if self._later:
            self.handle = None
        if self.handle is None:
            self._foreign.update(self._calls)

    def history(self) -> tuple[tuple[str, str], ...]:
        """What a session that begins afresh has to know of tools, as (role, text): nothing, or the last of its past."""
        answered, at_work = [_told(answer) for answer in self._answers], self._at_work()
        return (("user", tools_done(answered, at_work)),) if answered or at_work else ()

    def recall_answers(self) -> None:
        """Answers that the session which is gone may not have used go to the one that is resumed from it."""
        if self.handle is not None:
            self._waiting_messages.extendleft(reversed(self._answers))
            self._answers.clear()

    async def pay(self, session: SpeechSession, debt: str | None) -> None:
        """Tool answers and directions first, then what is owed. Raises SessionEnded."""
        for message in tuple(self._waiting_messages):
            if isinstance(message, str):
                await session.send_text(message)
                debt = None if message == debt else debt
            elif message.id not in self._foreign:
                await session.send_tool_answers([message])
                self._answers.append(message)
            else:
                continue
            self._waiting_messages.remove(message)
        untold = [message for message in self._waiting_messages if not isinstance(message, str)]
        await self._tell_about_tools(untold, session, debt)
        if debt is not None:
            await session.send_text(debt)
        self._answers += untold
        self._waiting_messages.clear()

    async def _tell_about_tools(self, untold: Sequence[ToolAnswer], session: SpeechSession, debt: str | None) -> None:
        """Whoever is to say something else only has to know of them."""
        if untold and debt is not None:
            await session.add_context(tools_done([_told(answer) for answer in untold]))
        elif untold:
            await session.send_text(tools_answered([_told(answer) for answer in untold]))
        elif debt is None and self.handle is None and (at_work := self._at_work()):
            await session.send_text(tools_at_work(at_work))

    def _at_work(self) -> list[str]:
        """Names of tools that earlier sessions called and that have not answered yet."""
        answered = {one.id for one in (*self._answers, *self._waiting_messages) if not isinstance(one, str)}
        return [name for id_, name in self._calls.items() if id_ in self._foreign and id_ not in answered]


def _told(answer: ToolAnswer) -> tuple[str, str]:
    return answer.name, json.dumps(answer.response, ensure_ascii=False, default=str)
