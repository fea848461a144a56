"""What the next session of the model has to be given: directions that waited, and what tools have answered."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence

from functions.voice.prompts import tools_answered, tools_at_work
from functions.voice.speech.model import ResumeHandle, SpeechEvent, SpeechSession, ToolAnswer, ToolCall


class Arrears:
    """One line's, over all its sessions."""

    def __init__(self) -> None:
        self.handle: str | None = None
        """What the next session can be resumed with."""
        self._calls: dict[str, str] = {}
        """Tools called since the handle was given, by id: a session resumed with it knows nothing of them."""
        self._answers: list[ToolAnswer] = []
        """Answers that were sent since then."""
        self._foreign: set[str] = set()
        """Calls of sessions that could not be resumed: their answers can only be told."""
        self._waiting_messages: deque[ToolAnswer | str] = deque()

    # -- what happens on a session

    def came(self, events: Sequence[SpeechEvent]) -> None:
        """The model sent this: a handle makes a new start, tools called after it are remembered."""
        for event in events:
            if isinstance(event, ResumeHandle) and event.handle is not None:
                self.handle = event.handle
                self._calls.clear()
                self._answers.clear()
            elif isinstance(event, ToolCall):
                self._calls[event.id] = event.name

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

    # -- when another takes over

    def disown_calls(self) -> None:
        """Give the handle up if tools were called since: whoever resumes with it would call them again."""
        if self._calls:
            self.handle = None
            self._foreign.update(self._calls)

    def recall_answers(self) -> None:
        """Answers that the session which is gone may not have used go to the next."""
        self._waiting_messages.extendleft(reversed(self._answers))
        self._answers.clear()

    async def pay(self, session: SpeechSession, debt: str | None) -> None:
        """Tool answers and directions first, then what is owed. Raises SessionEnded."""
        for message in tuple(self._waiting_messages):
            if isinstance(message, str):
                await session.send_text(message)
            elif message.id not in self._foreign:
                await session.send_tool_answers([message])
                self._answers.append(message)
            else:
                continue
            self._waiting_messages.remove(message)
        retold = [message for message in self._waiting_messages if not isinstance(message, str)]
        debt = self._about_tools(retold) or debt
        if debt is not None:
            await session.send_text(debt)
        self._answers += retold
        self._waiting_messages.clear()

    def _about_tools(self, answered: Sequence[ToolAnswer]) -> str | None:
        """What a session is told about tools that an earlier one called."""
        if answered:
            return tools_answered([_told(answer) for answer in answered])
        done = {answer.id for answer in self._answers}
        at_work = [name for id_, name in self._calls.items() if id_ in self._foreign and id_ not in done]
        return tools_at_work(at_work) if at_work else None


def _told(answer: ToolAnswer) -> tuple[str, str]:
    return answer.name, json.dumps(answer.response, ensure_ascii=False, default=str)
