"""One answer of the model, from the moment its cause is known to the end of its playback."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from local.speech_model import server_messages as messages
from local.speech_model.faults import Kind, Moment
from local.speech_model.outlet import Outlet
from local.speech_model.script import Act, Moved, Place, Say, Script, UseTool, is_empty, worked
from local.speech_model.speaker import Speaker
from local.speech_model.tool_desk import ToolDesk
from local.speech_model.trouble import Shape, Trouble

HALF = 0.5


class Answers:
    """Gives answers, one at a time. Cutting one off means cancelling the task that gives it."""

    def __init__(
        self, script: Script, place: Place, speaker: Speaker, desk: ToolDesk, outlet: Outlet, trouble: Trouble
    ) -> None:
        self.place = place
        self._script = script
        self._speaker = speaker
        self._desk = desk
        self._outlet = outlet
        self._trouble = trouble
        self._acts: deque[Act] = deque()
        self._before = place
        self._goal = place
        self.owed: Moved | None = None
        """An answer that was not given and is due at the next nudge."""
        self.turn_complete: Callable[[str | None], Awaitable[None]] = outlet.turn_complete

    @property
    def states(self) -> frozenset[str]:
        """The states that the conversation is in or about to enter."""
        return frozenset({self.place.state, self._goal.state})

    async def give(self, moved: Moved, moment: Moment, late: Sequence[bytes] = ()) -> None:
        """Give the answer to what happened at that moment. late: frames that come after its first audio."""
        self._goal, self._before, self.owed = moved.place, self.place, None
        await self._trouble.pass_or_freeze(moment)
        if await self._spoilt(moved, moment):
            return
        await self._outlet.begin_answer()
        self._speaker.begin(late)
        await self._perform(moved, self._trouble.shape(moment))

    async def _spoilt(self, moved: Moved, moment: Moment) -> bool:
        """Whether the turn ended without an answer."""
        reason = self._trouble.spoils(moment)
        if reason is None:
            return False
        self.owed = moved
        await self.turn_complete(reason or None)
        return True

    async def _perform(self, moved: Moved, shape: Shape) -> None:
        self.place, self._acts = moved.place, deque(moved.acts)
        while self._acts:
            act = self._acts[0]
            if isinstance(act, Say):
                await self._say(act, shape)
                self._acts.popleft()
                continue
            after = await self._use(act)
            if after is None:
                self._acts.clear()
                break
            if await self._tool_spoilt(after):
                return
            self.place, self._acts = after.place, deque(after.acts)
            shape = self._trouble.shape(Moment.TOOL_RESULT)
        await self._finish()

    async def _say(self, act: Say, shape: Shape) -> None:
        follows = self._acts[1] if len(self._acts) > 1 else None
        if isinstance(follows, UseTool) and self._trouble.take((Kind.MID_SENTENCE_TOOL,), Moment.TOOL_CALL):
            await self._speaker.say(act, shape, until=HALF)
            after = await self._use(follows)
            await self._speaker.say(act, shape, since=HALF)
            # The tool's result is followed by what follows it; the rest of the sentence came in between.
            del self._acts[1]
            self.owed = None
            if after is not None:
                self.place = after.place
                self._acts.extend(after.acts)
            return
        await self._speaker.say(act, shape)

    async def _use(self, act: UseTool) -> Moved | None:
        """Where the tool's result leads; None: the model does not wait for it."""
        if not self._desk.declared(act.name):
            return self._script.after_tool(self.place, False)
        await self._trouble.pass_or_freeze(Moment.TOOL_CALL)
        response = await self._desk.call(act, self.place)
        if response is None:
            return None
        moved = self._script.after_tool(self.place, worked(response))
        self._goal = moved.place
        await self._trouble.pass_or_freeze(Moment.TOOL_RESULT)
        if is_empty(response):
            self.owed = moved  # an empty result ends the turn without a word, as on 3.1
        return moved

    async def _tool_spoilt(self, after: Moved) -> bool:
        if self.owed is not None:
            await self.turn_complete(None)
        elif not await self._spoilt(after, Moment.TOOL_RESULT):
            return False
        self.place = after.place
        self._acts.clear()
        return True

    async def _finish(self) -> None:
        await self._outlet.message(messages.generation_complete())
        await self._speaker.heard()
        await self.turn_complete(None)

    def cut_off(self) -> list[str]:
        """What is left of the answer is dropped; ids of the calls that are not wanted any more.

        A call that was still to come, or had not been answered, has not happened: the conversation goes back to where
        the caller can ask for it again.
        """
        ids = self._desk.cancel()
        if ids or any(isinstance(act, UseTool) for act in self._acts):
            self.place = self._before
        self._acts.clear()
        self._speaker.fall_silent()
        return ids
