"""One party's connection: a call together with the person (or silence) at its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from local.telephone_network.calls.call import Call
from local.telephone_network.calls.line import Line
from local.telephone_network.exchange import Exchange
from local.telephone_network.people.callees import Callee
from local.telephone_network.people.person import Person
from local.telephone_network.people.script import Action, Script, background, rehearse, with_beep
from local.telephone_network.sound import tones
from local.telephone_network.sound.mulaw import duration_ms
from shared.domain.call_status import CallStatus

SPEECH_CHARS_PER_S = 15.0
"""How fast words are spoken for which there is no recording."""


class Leg:
    """A call that can be answered, carries audio once it is, and is closed at its end."""

    def __init__(
        self,
        exchange: Exchange,
        call: Call,
        script: Script | None,
        *,
        talk_s: float | None = None,
        is_machine: bool = False,
    ) -> None:
        self.exchange = exchange
        self.call = call
        self.line: Line | None = None
        """None before the answer, and for a call that is only simulated."""
        self._talk_s = talk_s
        self._person: Person | None = None
        self._line_task: asyncio.Task[None] | None = None
        self.actions: Sequence[Action] = ()
        if talk_s is None:
            script = script or Script(stays_s=3600)
            actions = rehearse(script, exchange.clips, exchange.rng)
            self.actions = with_beep(actions) if is_machine else actions
            self._person = Person(
                self.actions,
                call.journal.note,
                done_after_ms=script.done_after_ms,
                stays_s=script.stays_s,
                led=script.led,
                background=background(script, exchange.clips, exchange.rng),
            )
            call.lead = self._person.tell

    @classmethod
    def of(cls, exchange: Exchange, call: Call, callee: Callee) -> Leg:
        """The connection of somebody who was called and answers."""
        return cls(exchange, call, callee.script, talk_s=callee.talk_s, is_machine=callee.is_machine)

    @property
    def is_answered(self) -> bool:
        """The two ends are connected."""
        return self.call.answered_at is not None

    def answer(self) -> None:
        """Connect; audio begins to flow."""
        self.exchange.progress(self.call, CallStatus.IN_PROGRESS)
        self.exchange.spawn(self._limit())
        if self._person is not None:
            self.line = Line(self.call, self._person, self.exchange.audio_time)
            self._line_task = self.exchange.spawn(self.line.run())

    async def close(self, status: CallStatus, sip_code: int | None = None) -> None:
        """End the call with this status, stop its audio and keep its recording."""
        if self._line_task is not None:
            self._line_task.cancel()
            await asyncio.wait([self._line_task])
        if self._person is not None:
            self._person.other_side_hung_up()
            self.call.person = self._person.state
        self._keep_recording()
        self.exchange.progress(self.call, status, sip_code=sip_code)
        self._write_files()

    async def play(self, audio: bytes) -> None:
        """Let the person hear this, to its end."""
        if self.line is None:
            await self.exchange.time.sleep(duration_ms(audio) / 1000)
            return
        self.line.buffer.put(audio)
        await self.line.played()

    async def speak(self, text: str) -> None:
        """Say words: with a recording of them if there is one, else with a murmur as long as they would take."""
        clip = self.exchange.clips.text(text)
        audio = tones.murmur(max(200, round(len(text) / SPEECH_CHARS_PER_S * 1000))) if clip is None else clip.audio
        self.call.journal.note("say", text=text, recorded=clip is not None)
        await self.play(audio)

    async def wait(self, seconds: float) -> None:
        """Let time go by on the line."""
        if self.line is None:
            await self.exchange.time.sleep(seconds)
        else:
            await self.line.wait(seconds)

    async def _limit(self) -> None:
        limit_s = min(self.call.time_limit_s, self.call.time_limit_s if self._talk_s is None else self._talk_s)
        await self.exchange.time.sleep(limit_s)
        self.call.hang_up("time limit" if self._talk_s is None else "person")

    def _keep_recording(self) -> None:
        if self.line is not None:
            self.exchange.recorded[self.call.sid] = self.line.recording.wav()
            self.call.journal.note(
                "recorded", ms=self.line.recording.ms, late_ms=round(self.line.late_ms, 1),
                first_sound_ms=self.line.first_heard_ms,
            )  # fmt: skip
            self.call.journal.audio_ms = None

    def _write_files(self) -> None:
        folder = self.exchange.recordings
        if folder is None or self.line is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.call.sid}.wav").write_bytes(self.exchange.recorded[self.call.sid])
        log = {
            "call_sid": self.call.sid,
            "person": self.call.person,
            "streams": self.call.streams,
            "events": self.call.journal.events,
        }
        (folder / f"{self.call.sid}.json").write_text(json.dumps(log, ensure_ascii=False, indent=1), encoding="utf-8")
