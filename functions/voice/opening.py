"""Begins a stream: plays the stored greeting or lets the model greet, and takes a ready session or opens one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum

from functions.voice.greetings.first_words import FirstWords
from functions.voice.greetings.greeting import Greeting, greeting_for
from functions.voice.prompts import RESUMED, greet, not_taken
from functions.voice.recall import Recall, done_before, record_before, said_in, turns_before
from functions.voice.session_setup import first_words
from functions.voice.speech.model import SpeechRefused
from functions.voice.stream import Stream
from shared.domain.agent import Agent


class Greeted(StrEnum):
    """Who greets the caller."""

    NOT_YET = "live"
    """The model, once it is told to."""
    PREPARED = "prepared"
    """The model, which was told before the stream stood."""
    FROM_STORE = "stored"
    """The caller hears it already, and the model knows."""


class Opening:
    """The beginning of one stream."""

    def __init__(
        self,
        stream: Stream,
        agent: Agent,
        recall: Recall,
        play: Callable[[Greeting], None],
    ) -> None:
        services = self._services = stream.services
        ticket = self._ticket = stream.ticket
        self._link = stream.link
        self._recorder = stream.recorder
        self._recall = recall
        self._play = play
        language, errand = stream.language, stream.errand
        self._words = first_words(agent, language, errand, ticket.caller)
        begins = ticket.stream_no == 1 and not ticket.not_taken
        self._greeting = greeting_for(agent, language, self._words, errand) if begins else None
        self.first_words = FirstWords(services.greetings, self._greeting)

    @property
    def hello(self) -> str:
        """What the model is told when the stream stands, unless the caller has been greeted from the store."""
        if self._ticket.not_taken:
            return not_taken(self._ticket.not_taken)
        return greet(self._words) if self._ticket.stream_no == 1 else RESUMED

    async def open(self) -> Greeted:
        """Until a session stands. Raises SpeechRefused or SpeechUnavailable."""
        ready, played = None, self._stored()
        if played is not None:
            self._plays(played)
        if self._ticket.stream_no == 1:
            try:
                ready = await self._services.ready.take(self._ticket.call_sid)
            except SpeechRefused as refused:
                self._recall.refused_before(refused)
                if not self._link.give_up(refused.place or ""):
                    raise
        else:
            await self._remember()
        if played is None and ready is not None and ready.greeting is not None:
            played = ready.greeting
            self._plays(played)
        if played is not None and ready is None:
            self._link.begin_with(played.history)
        await (self._link.open() if ready is None else self._link.open(ready.session, ready.place))
        if played is not None:
            return Greeted.FROM_STORE
        return Greeted.PREPARED if ready is not None and ready.greeted else Greeted.NOT_YET

    async def _remember(self) -> None:
        """What was said, done and spent in earlier streams of this call."""
        store, call_sid = self._services.store, self._ticket.call_sid
        turns, done, record = await asyncio.gather(
            turns_before(store, call_sid), done_before(store, call_sid), record_before(store, call_sid)
        )
        self._recall.goes_on(record, turns, self._services.clock.now())
        self._recall.before = (*said_in(turns), *done)
        self._link.begin_with(self._recall.before)
        self._recorder.said_before(self._recall.before)

    def _stored(self) -> Greeting | None:
        """The greeting that a prepared session was told of; where none was prepared, the one that is in memory."""
        if self._greeting is None:
            return None
        greetings, call_sid = self._services.greetings, self._ticket.call_sid
        chosen = greetings.chosen(call_sid)
        return chosen if chosen or self._services.ready.waits(call_sid) else greetings.at_hand(self._greeting)

    def _plays(self, greeting: Greeting) -> None:
        self.first_words.stored()
        self._play(greeting)
