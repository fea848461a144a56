"""Plays scenarios as real calls, several at once: dials or is dialled, listens, and leads the caller through it."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from local.evaluations.caller import Decision, Mind, listening, next_move, opening, steps
from local.evaluations.house import House, local_now
from local.evaluations.played import Played
from local.evaluations.scenario import Outbound, Scenario
from shared.domain.time_zone import zones_of

LOOK_EVERY_S = 0.15
WORDS_WITHIN_S = 1.5
"""The record may have the agent's words a moment later than the caller has heard their last sound."""
FINAL = {"completed", "failed", "busy", "no-answer", "canceled"}
RECORD_WITHIN_S = 10.0
OUTCOME_WITHIN_S = 15.0
RINGS_WITHIN_S = 45.0
APART_S = 0.9
BEAT_EVERY_S = 2.0
BEATS_AT_ONCE = 3
"""A beat sees the campaigns that run when it begins, and lasts; the next one sees those that were launched since."""


@dataclass(frozen=True, slots=True)
class Part:
    """A scenario as it is to be played: by which agent (a sweep has several of one), the how-manieth time."""

    scenario: Scenario
    agent_id: str
    repeat: int = 1
    setting: str = ""


@dataclass
class Stage:
    """Plays parts in a house."""

    house: House
    at_once: int
    _numbers: Any = field(default_factory=lambda: count(1))
    _dialling: int = 0

    async def play_all(self, parts: list[Part]) -> AsyncIterator[Played]:
        """Every part, as each comes to its end."""
        await self.house.give_numbers(sorted({part.agent_id for part in parts if part.scenario.outbound is None}))
        room = asyncio.Semaphore(self.at_once)

        async def play(part: Part, place: int) -> Played:
            async with room:
                # Callers who begin together speak together, and one recogniser would have to hear all of them at once.
                await asyncio.sleep(APART_S * place if place < self.at_once else 0.0)
                return await self.play(part)

        async with self._scheduler():
            # The longest first, so that none of them is left over for the end.
            ordered = sorted(parts, key=lambda part: -len(part.scenario.moves))
            tasks = [asyncio.create_task(play(part, place)) for place, part in enumerate(ordered)]
            for ended in asyncio.as_completed(tasks):
                yield await ended

    async def play(self, part: Part) -> Played:
        """One call. What goes wrong with the playing itself is told, not raised: the others go on."""
        run = _Run(self.house, part, _number(part, next(self._numbers)))
        outbound = part.scenario.outbound
        self._dialling += outbound is not None
        try:
            async with asyncio.timeout(part.scenario.longest_s + RINGS_WITHIN_S):
                await (run.dial() if outbound is None else run.be_called(outbound))
        except TimeoutError:
            run.trouble = "it took too long"
            if run.call_sid is not None:
                await self.house.network.hang_up(run.call_sid)
        except (httpx.HTTPError, NotPlayed) as error:
            run.trouble = f"{type(error).__name__}: {error}"
        try:
            return await run.played()
        except httpx.HTTPError as error:
            return Played(part.scenario, {}, {}, repeat=part.repeat, setting=part.setting, trouble=repr(error))
        finally:
            self._dialling -= outbound is not None

    @asynccontextmanager
    async def _scheduler(self) -> AsyncIterator[None]:
        """Cloud Scheduler's part, as long as somebody waits to be called."""

        beats: set[asyncio.Task[None]] = set()

        async def beat() -> None:
            # A beat that breaks off is no loss: the next one does its work, as in the cloud.
            with suppress(httpx.HTTPError):
                await self.house.http.post("/campaigns/tick", timeout=90)

        async def schedule() -> None:
            while True:
                if self._dialling and len(beats) < BEATS_AT_ONCE:
                    beats.add(begun := asyncio.create_task(beat()))
                    begun.add_done_callback(beats.discard)
                await asyncio.sleep(BEAT_EVERY_S)

        scheduling = asyncio.create_task(schedule())
        try:
            yield
        finally:
            left = [scheduling, *beats]
            for task in left:
                task.cancel()
            await asyncio.wait(left)


class NotPlayed(RuntimeError):
    """A scenario could not be begun: its campaign or its call did not come about."""


class _Run:
    """One call on its way."""

    def __init__(self, house: House, part: Part, number: str) -> None:
        self._house, self._part, self._number = house, part, number
        self._scenario = part.scenario
        self._mind = Mind()
        self._seen = 0
        self._words_until = 0
        self._campaign_id: str | None = None
        self._decisions: list[str] = []
        self.call_sid: str | None = None
        self.trouble: str | None = None

    async def dial(self) -> None:
        """They call us."""
        agent_number = self._house.numbers[self._part.agent_id]
        self.call_sid = await self._house.network.dial(self._number, agent_number, self._script())
        await self._lead()

    async def be_called(self, outbound: Outbound) -> None:
        """We call them, as a campaign of one contact."""
        callee = {"after_s": 1, "answered_by": outbound.answered_by, "script": self._script()}
        await self._house.network.people({self._number: callee})
        self._campaign_id = await _campaign(self._house.http, self._part.agent_id, self._number, outbound)
        self.call_sid = await self._rung()
        await self._lead()

    async def _rung(self) -> str:
        async with asyncio.timeout(RINGS_WITHIN_S):
            while True:
                if calls := await self._house.network.calls_of(self._number):
                    return str(calls[0]["call_sid"])
                await asyncio.sleep(LOOK_EVERY_S)

    def _script(self) -> dict[str, Any]:
        scenario = self._scenario
        decided = self._decided(opening(scenario))
        first = [listening(scenario)] if decided.move is None else steps(scenario, decided.move)
        script: dict[str, Any] = {"led": True, "stays_s": scenario.patience_s, "steps": first}
        if scenario.noise is not None:
            script["noise"] = scenario.noise.model_dump()
        return script

    def _decided(self, decision: Decision) -> Decision:
        self._mind = decision.mind
        done = "" if decision.move is None else " -> " + ", ".join(_name(move) for move in decision.move.chain)
        self._decisions.append(decision.why + done)
        return decision

    async def _lead(self) -> None:
        """Until the call is over: whenever the agent has finished, decide what comes next."""
        assert self.call_sid is not None
        deadline = asyncio.get_running_loop().time() + self._scenario.longest_s
        while asyncio.get_running_loop().time() < deadline:
            seen = await self._house.network.look(self.call_sid, self._seen)
            self._seen = seen["next"]
            if seen["status"] in FINAL:
                return
            if any(event["event"] == "agent done" for event in seen["events"]):
                decision = self._decided(next_move(self._scenario, self._mind, await self._heard()))
                move = decision.move
                wanted = [listening(self._scenario)] if move is None else steps(self._scenario, move)
                try:
                    await self._house.network.lead(self.call_sid, wanted)
                except httpx.HTTPStatusError:
                    self._decisions.append("the call was over before it could be said")
            await asyncio.sleep(LOOK_EVERY_S)
        raise TimeoutError

    async def _heard(self) -> str:
        """The agent's words since the caller last decided anything; empty if the record has none."""
        loop = asyncio.get_running_loop()
        until = loop.time() + WORDS_WITHIN_S
        while True:
            answer = await self._house.http.get(f"/api/calls/{self.call_sid}")
            turns = answer.json()["turns"] if answer.status_code == 200 else []
            fresh = [turn for turn in turns if turn["speaker"] == "agent" and turn["seq"] > self._words_until]
            if fresh or loop.time() > until:
                self._words_until = max((turn["seq"] for turn in fresh), default=self._words_until)
                return " ".join(turn["text"] for turn in fresh)
            await asyncio.sleep(LOOK_EVERY_S)

    async def played(self) -> Played:
        """What is known of it, once everything has been written down."""
        call: Mapping[str, Any] = {}
        network: Mapping[str, Any] = {}
        attempt: Mapping[str, Any] | None = None
        if self.call_sid is not None:
            network = await self._house.network.over(self.call_sid)
            call = await self._record()
        if self._campaign_id is not None:
            attempt = await self._outcome()
        zones = zones_of(self._number)
        today: date = local_now(self._house.settings).astimezone(ZoneInfo(zones[0]) if zones else None).date()
        return Played(
            scenario=self._scenario,
            call=call,
            network=network,
            attempt=attempt,
            today=today,
            repeat=self._part.repeat,
            setting=self._part.setting,
            real_model=self._house.real_model,
            trouble=self.trouble,
            decisions=tuple(self._decisions),
        )

    async def _record(self) -> Mapping[str, Any]:
        call: dict[str, Any] = {}
        for _ in range(round(RECORD_WITHIN_S / LOOK_EVERY_S)):
            answer = await self._house.http.get(f"/api/calls/{self.call_sid}")
            if answer.status_code == 200:
                call = answer.json()
                if call.get("ending"):
                    break
            await asyncio.sleep(LOOK_EVERY_S)
        return call

    async def _outcome(self) -> Mapping[str, Any] | None:
        """Disposition and outcome of the campaign's only contact, once its attempt is settled."""
        for _ in range(round(OUTCOME_WITHIN_S / LOOK_EVERY_S)):
            answer = await self._house.http.get(f"/api/campaigns/{self._campaign_id}/results.csv")
            rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
            if rows and rows[0]["disposition"]:
                return rows[0]
            await asyncio.sleep(LOOK_EVERY_S)
        return rows[0] if rows else None


async def _campaign(http: httpx.AsyncClient, agent_id: str, number: str, outbound: Outbound) -> str:
    """A campaign that calls this number; its id. Raises NotPlayed when the list or the campaign is refused."""
    row = {"Phone": number, "Language": outbound.language, "Consent": "yes", **outbound.variables}
    text = io.StringIO()
    writer = csv.DictWriter(text, row.keys())
    writer.writeheader()
    writer.writerow(row)
    files = {"file": ("contact.csv", text.getvalue().encode(), "text/csv")}
    country = "IN" if number.startswith("+91") else "DE" if number.startswith("+49") else "US"
    purpose = str(outbound.purpose)
    listed = await _posted(http, "/api/lists", files=files, data={"country": country, "purpose": purpose})
    while True:
        contacts = (await http.get(f"/api/lists/{listed['list_id']}")).json()
        if contacts["status"] != "reading":
            break
        await asyncio.sleep(LOOK_EVERY_S)
    if not contacts["counts"].get("ok"):
        raise NotPlayed(f"the contact's row was not taken: {contacts['counts']}")
    draft = {
        "name": "Evaluation",
        "agent_id": agent_id,
        "list_id": listed["list_id"],
        "purpose": purpose,
        "language": outbound.language,
        "pacing": {"calls_per_second": 1, "max_concurrent": 1},
    }
    campaign_id = str((await _posted(http, "/api/campaigns", json=draft))["campaign_id"])
    await _posted(http, f"/api/campaigns/{campaign_id}/launch")
    return campaign_id


async def _posted(http: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await http.post(path, **body)
    if answer.is_error:
        raise NotPlayed(f"{path} answered {answer.status_code}: {answer.text[:300]}")
    document: dict[str, Any] = answer.json()
    return document


def _number(part: Part, n: int) -> str:
    """The other party's number. Whom we call has another one each time, for a campaign calls nobody twice."""
    given = part.scenario.number
    if given is None:
        return f"+91981000{1000 + n}"
    return given if part.scenario.outbound is None else f"+{int(given[1:]) + n}"


def _name(move: Any) -> str:
    return move.say or (f"presses {move.press}" if move.press else "hangs up")
