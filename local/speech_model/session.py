"""One session after its setup: what comes in, what it starts, and what it cuts off."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.speech_model import server_messages as messages
from local.speech_model.answer import Answers
from local.speech_model.behaviour import Behaviour
from local.speech_model.caller_turns import CallerTurns, Work
from local.speech_model.client_messages import (
    Activity,
    AudioStreamEnd,
    CallerAudio,
    ClientContent,
    ClientMessage,
    Text,
    ToolResponse,
    read_message,
)
from local.speech_model.ear import RATE_HZ, Ear, SpeechBegan, SpeechEnded
from local.speech_model.faults import Moment
from local.speech_model.memory import Conversation, Issued, Memory, Saved
from local.speech_model.outlet import Outlet
from local.speech_model.record import SessionRecord
from local.speech_model.refusal import INTERNAL, INVALID_ARGUMENT, Refusal
from local.speech_model.script import Moved, is_empty, worked
from local.speech_model.setup_rules import Setup
from local.speech_model.tool_desk import ToolDesk
from local.speech_model.trouble import Trouble
from local.speech_model.usage import Usage
from local.speech_model.voice import resampled

MOST_REPEATS = 2
"""3.8 calls a tool again that came back with nothing."""
OUT_OF_TIME = "Deadline expired before operation could complete."


@dataclass(frozen=True, slots=True)
class Parts:
    """What a session is put together from."""

    setup: Setup
    conversation: Conversation
    behaviour: Behaviour
    memory: Memory
    record: SessionRecord
    outlet: Outlet
    usage: Usage
    ear: Ear
    answers: Answers
    caller_turns: CallerTurns
    desk: ToolDesk
    trouble: Trouble


class Session:
    """A conversation on one connection."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._turn: asyncio.Task[None] | None = None
        self._next: deque[Work] = deque()
        history = parts.setup.message.history_config
        self._awaits_history = history is not None and history.initial_history_in_client_content
        handling = parts.setup.message.realtime_input_config.activity_handling
        self._interruptible = handling != "NO_INTERRUPTION"
        self._tasks: asyncio.TaskGroup
        parts.trouble.states = lambda: parts.answers.states
        parts.trouble.end_after = self._end_after
        parts.answers.turn_complete = self._turn_complete

    @property
    def conversation(self) -> Conversation:
        """What outlives this connection."""
        return self._parts.conversation

    async def run(self, frames: AsyncIterator[str | bytes]) -> None:
        """Until the client goes. Raises Refusal when the connection is to end from here."""
        async with asyncio.TaskGroup() as self._tasks:
            watch = self._tasks.create_task(self._grow_old())
            await self._parts.trouble.meet(Moment.SETUP_DONE)
            async for frame in frames:
                await self._receive(read_message(frame, media_chunks=self._parts.setup.model.media_chunks))
            watch.cancel()
            if self._turn is not None:
                self._turn.cancel()

    def strike(self) -> None:
        """Let the faults happen that are planned for now."""
        self._tasks.create_task(self._parts.trouble.meet(Moment.NOW))

    async def _grow_old(self) -> None:
        behaviour = self._parts.behaviour
        await asyncio.sleep(behaviour.connection_life_s - behaviour.go_away_lead_s)
        await self._parts.outlet.message(messages.go_away(round(behaviour.go_away_lead_s * 1000)))
        await self._parts.trouble.meet(Moment.GO_AWAY)
        await asyncio.sleep(behaviour.go_away_lead_s)
        raise Refusal(INTERNAL, OUT_OF_TIME)

    def _end_after(self, time_left_ms: int) -> None:
        async def end() -> None:
            await asyncio.sleep(time_left_ms / 1000)
            raise Refusal(INTERNAL, OUT_OF_TIME)

        self._tasks.create_task(end())

    async def _receive(self, message: ClientMessage) -> None:
        match message:
            case CallerAudio():
                await self._hear(message)
            case Text(text):
                self._parts.record.texts.append(text)
                self._parts.usage.add_text(text)
                # In the middle of a turn that the client has begun, text is a part of that turn.
                if self._parts.ear.automatic or not self._parts.ear.speaking:
                    self._be_told(text)
            case Activity(started):
                await self._activity(started)
            case AudioStreamEnd():
                if not self._parts.ear.automatic:
                    raise Refusal(INVALID_ARGUMENT, "audio_stream_end needs automatic activity detection.")
                await self._speech(self._parts.ear.end())
            case ToolResponse():
                self._take_results(message)
            case ClientContent():
                await self._take_content(message)
            case _:
                self._parts.record.client_content.append({"contextUpdate": dict(message.fields)})

    # The caller's voice

    async def _hear(self, audio: CallerAudio) -> None:
        pcm = audio.pcm[: len(audio.pcm) // 2 * 2]
        if audio.rate_hz != RATE_HZ:
            pcm = resampled(pcm, audio.rate_hz, RATE_HZ)
        seconds = len(pcm) / 2 / RATE_HZ
        self._parts.record.audio_s += seconds
        self._parts.usage.add_caller_audio(seconds)
        if not self._parts.ear.automatic and not self._parts.ear.speaking:
            self._parts.record.dropped_s += seconds
        if self._parts.behaviour.keep_audio:
            self._parts.record.audio += pcm
        for event in self._parts.ear.feed(pcm):
            await self._speech(event)

    async def _activity(self, started: bool) -> None:
        if self._parts.ear.automatic:
            reason = "Explicit activity control is not supported when automatic activity detection is enabled."
            raise Refusal(INVALID_ARGUMENT, reason)
        self._parts.record.activities.append({"started": started, "audio_s": round(self._parts.record.audio_s, 3)})
        await self._speech(self._parts.ear.begin() if started else self._parts.ear.end())

    async def _speech(self, event: SpeechBegan | SpeechEnded | None) -> None:
        frozen = self._parts.trouble.frozen
        if frozen is not None:
            if not isinstance(event, SpeechEnded) or frozen.lasts != "speech":
                return
            await self._stop_turn()
            self._parts.trouble.thaw()
        match event:
            case SpeechBegan():
                if self._busy and self._interruptible:
                    await self._interrupt()
            case SpeechEnded():
                self._start(self._parts.caller_turns.take(event))

    async def _interrupt(self) -> None:
        await self._stop_turn()
        self._parts.caller_turns.cut_off()
        cancelled = self._parts.answers.cut_off()
        self._parts.record.interruptions += 1
        if cancelled:
            await self._parts.outlet.message(messages.tool_call_cancellation(cancelled))
        await self._parts.outlet.message(messages.interrupted())
        await self._turn_complete(None)
        await self._parts.trouble.meet(Moment.INTERRUPT)

    async def _stop_turn(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.cancel()
            await asyncio.wait([turn])

    # Answers

    @property
    def _busy(self) -> bool:
        return self._turn is not None and not self._turn.done()

    def _start(self, work: Work) -> None:
        """Now, or when the answer that is being given has ended."""
        if self._busy:
            self._next.append(work)
        else:
            self._turn = self._tasks.create_task(self._work(work))

    async def _work(self, work: Work) -> None:
        await work()
        while self._next:
            await self._next.popleft()()

    def _be_told(self, text: str) -> None:
        frozen = self._parts.trouble.frozen
        if frozen is not None:
            if frozen.lasts != "text":
                return
            self._parts.trouble.thaw()
            if self._busy:
                return  # the answer that had frozen goes on
        if not text.strip() and self._parts.answers.owed is None:
            return
        self._start(lambda: self._answer_text(text))

    async def _answer_text(self, text: str) -> None:
        answers = self._parts.answers
        moved = answers.owed or self._parts.conversation.script.told(answers.place, text)
        await asyncio.sleep(self._parts.behaviour.think_ms / 1000)
        await answers.give(moved, Moment.TEXT)

    def _take_results(self, message: ToolResponse) -> None:
        for call, response in self._parts.desk.answer(message.responses):
            self._start(lambda call=call, response=response: self._go_on(call, response))  # type: ignore[misc]

    async def _go_on(self, call: Issued, response: Mapping[str, Any]) -> None:
        """A result that no answer waited for has come."""
        repeats = is_empty(response) and call.repeats < MOST_REPEATS
        self._parts.desk.repeats = call.repeats + 1 if repeats else 0
        after = self._parts.conversation.script.after_tool(call.place, worked(response))
        await self._parts.answers.give(Moved(call.place, (call.act,)) if repeats else after, Moment.TOOL_RESULT)
        self._parts.desk.repeats = 0

    async def _take_content(self, content: ClientContent) -> None:
        turns = [(turn.role or "user", turn.text) for turn in content.turns]
        self._parts.record.client_content.append({"turns": turns, "complete": content.complete})
        for turn in content.turns:
            self._parts.usage.add_text(turn.text)
            if any(part.function_call or part.function_response for part in turn.parts):
                raise Refusal(INVALID_ARGUMENT, "Request contains an invalid argument.")
        answers, script = self._parts.answers, self._parts.conversation.script
        if self._awaits_history or not answers.place.begun:
            answers.place = script.place_after(turns, answers.place)
        if self._awaits_history:
            self._awaits_history = False
            return
        if content.complete:
            if self._busy and self._parts.trouble.frozen is None:
                await self._interrupt()
            self._be_told(turns[-1][1] if turns else "")

    async def _turn_complete(self, reason: str | None) -> None:
        await self._parts.outlet.turn_complete(reason, more=bool(self._parts.conversation.calls))
        self._parts.record.state = self._parts.answers.place.state
        if self._parts.setup.message.session_resumption is not None:
            now = asyncio.get_running_loop().time()
            saved = Saved(
                self._parts.conversation,
                self._parts.answers.place,
                self._parts.usage.context,
                self._parts.record.number,
                now + self._parts.behaviour.handle_life_s,
            )
            await self._parts.outlet.resumption(self._parts.memory.save(saved))
