"""Eight hours of a campaign in India, Germany and the US, in two minutes: scripts/bench campaign_day

Every beat, claim, window, retry, opt-out and settlement is the product's own, on a real store; the telephone network
is the local one's exchange with its own log of who rang when (bench/day_world.py says what is left out: HTTP and
speech). Time jumps from one thing that happens to the next. Exits 1 if anybody rang outside their window, too soon
after the last time or after they opted out, or if our books and the network's do not agree.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from bench.day_people import PLACES, Person, people
from bench.day_world import NUMBER, PUBLIC, Desk, NetworkCarrier, make_network, voice_services
from bench.patient_store import PatientStore
from functions.campaigns.beat import beat
from functions.campaigns.services import AccountLimits, CampaignServices
from local.firestore_emulator import firestore_emulator
from local.telephone_network.network import TelephoneNetwork
from shared.domain.attempt import Attempt
from shared.domain.calling_rules import Purpose, rule_for
from shared.domain.campaign import Campaign, CampaignState, Pacing, campaign_path
from shared.domain.contact import Contact, DueReason, contact_path
from shared.domain.retry import part_of_day
from shared.domain.weekly_hours import weekly_hours
from shared.logs import start_logs
from shared.store import open_store
from shared.store.attempts import Attempts
from shared.store.settlement import Settlement, contact_fields
from shared.store.store import Create, Store, Where
from shared.store.tallies import Tally, tally_of
from tests.virtual_time import LoopClock, VirtualTimeLoop

RESULTS = Path(__file__).parent / "results" / "campaign_day.json"
STARTS = datetime.fromisoformat("2026-11-23T09:45:00+00:00")
STORES = ("sqlite", "firestore")
HOURS = 8
HOURS_LOCAL = weekly_hours({"daily": "11:00-13:00, 14:00-20:00"})
"""UTC: Germany opens at 10:00, closes at 12:00, opens at 13:00; India closes at 14:30; New York opens at 16:00."""
PER_SECOND = 5.0
MOST_S = 120.0
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""The database file lies in memory: what the day is about is not the disk."""
IN_BOTH = (14, 15, 16, 17)
"""Of every fifty people, those in a campaign that starts two hours later: what was said to the first holds for it."""


@dataclass
class Day:
    """What is left of it."""

    network: TelephoneNetwork
    desk: Desk
    crowd: dict[str, Person]
    attempts: list[Attempt] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    tallies: dict[str, Tally] = field(default_factory=dict)
    locks: int = 0
    beats: int = 0
    states: Counter[str] = field(default_factory=Counter)

    @property
    def rings(self) -> list[tuple[str, datetime, str]]:
        """The network's log: who rang when, and in which call."""
        return [
            (str(one["number"]), datetime.fromisoformat(str(one["at"])), str(one["call_sid"]))
            for one in self.network.exchange.rings
        ]


def a_campaign(campaign_id: str, starts_at: datetime | None) -> Campaign:
    """A service campaign that ends with the day."""
    return Campaign(
        id=campaign_id, name="A day", agent_id="renewal", list_id="l1", purpose=Purpose.SERVICE,
        state=CampaignState.RUNNING, loaded=True, window=HOURS_LOCAL, starts_at=starts_at,
        ends_at=STARTS + timedelta(hours=HOURS), pacing=Pacing(calls_per_second=100, max_concurrent=2000),
    )  # fmt: skip


async def write(store: Store, campaign: Campaign, crowd: Sequence[Person]) -> None:
    """A campaign and its contacts."""
    await store.create(campaign_path(campaign.id), campaign.to_document())
    contacts = [person.contact(campaign) for person in crowd]
    for start in range(0, len(contacts), 400):
        batch = contacts[start : start + 400]
        await store.batch([Create(contact_path(campaign.id, one.id), contact_fields(one)) for one in batch])


async def live(store: Store, contacts: int) -> Day:
    """The day: a beat a minute, and a few more after its end until the last call is settled."""
    crowd = people(contacts)
    clock = LoopClock(STARTS)
    network = make_network(clock, PER_SECOND, crowd)
    network.open()
    desk = Desk(voice_services(store, clock), {person.phone: person for person in crowd})
    desk.install(network)
    writing = asyncio.create_task(desk.voice.journal.run())
    await write(store, a_campaign("day", None), crowd)
    later = STARTS + timedelta(hours=2)
    await write(store, a_campaign("later", later), [one for one in crowd if one.number % 50 in IN_BOTH])
    services = CampaignServices(
        store=store, clock=clock, carrier=NetworkCarrier(network), attempts=Attempts(store, clock),
        settlement=Settlement(store, clock), numbers=(NUMBER,), public_base_url=PUBLIC,
        limits=AccountLimits(calls_per_second=PER_SECOND, concurrent_calls=2000, model_sessions=2000),
    )  # fmt: skip
    day = Day(network, desk, desk.crowd)  # type: ignore[arg-type]
    for minute in range(HOURS * 60 + 20):
        begins = STARTS + timedelta(minutes=minute)
        if clock.now() > begins:
            continue  # the beat before still went on
        await asyncio.sleep((begins - clock.now()).total_seconds())
        await beat(services)
        day.beats += 1
    await desk.close()
    writing.cancel()
    await network.close()
    await _read(store, day)
    return day


async def _read(store: Store, day: Day) -> None:
    day.attempts = [Attempt.from_document(data) for data in await _all(store, "attempts")]
    for campaign in ("day", "later"):
        contacts = [Contact.from_document(data) for data in await _all(store, f"campaigns/{campaign}/contacts")]
        day.contacts += contacts
        day.tallies[campaign] = await tally_of(store, campaign)
        document = await store.get(campaign_path(campaign))
        assert document is not None
        day.states[str(document.data["state"])] += 1
    day.locks = await store.count("number_locks")
    day.states["open attempts"] = await store.count("attempts", [Where("is_open", "==", True)])


async def _all(store: Store, collection: str) -> list[dict[str, Any]]:
    found, cursor = list[dict[str, Any]](), None
    while True:
        page = await store.query(collection, limit=500, cursor=cursor)
        found += [document.data for document in page.documents]
        cursor = page.next
        if cursor is None:
            return found


def plainly_open(person: Person, at: datetime) -> bool:
    """By a clock on the wall where the person is: the law's hours and the campaign's."""
    wall = at.astimezone(ZoneInfo(person.place.zone))
    minute = wall.hour * 60 + wall.minute
    law = rule_for(person.place.country, person.place.states, Purpose.SERVICE).hours
    return all(
        any(opens <= minute < closes for opens, closes in hours.days[wall.weekday()]) for hours in (law, HOURS_LOCAL)
    )


def violations(day: Day) -> Iterator[str]:
    """What must not be."""
    yield from _rings(day)
    yield from _books(day)
    yield from (f"the network broke: {error!r}" for error in day.network.exchange.breakdowns)
    yield from (f"a webhook broke: {error!r}" for error in day.desk.failures)
    creates = [datetime.fromisoformat(str(one["at"])).timestamp() for one in day.network.exchange.requests]
    busiest = max((sum(1 for one in creates[index : index + 50] if one < at_s + 1)
                   for index, at_s in enumerate(creates)), default=0)  # fmt: skip
    if busiest > PER_SECOND:
        yield f"{busiest} calls were asked for within a second"


def _rings(day: Day) -> Iterator[str]:
    by_sid = {one.sid: one for one in day.attempts}
    last: dict[str, datetime] = {}
    gap = timedelta(seconds=rule_for("IN", (), Purpose.SERVICE).caps.gap_s)
    for number, at, sid in sorted(day.rings, key=lambda ring: ring[1]):
        person, attempt = day.crowd[number], by_sid.get(sid)
        call = day.network.exchange.calls[sid]
        until = call.answered_at or call.ended_at or at
        if not (plainly_open(person, at) and plainly_open(person, until)):
            yield f"a phone in {person.place.name} rang outside its window at {at}"
        asked_for = attempt is not None and attempt.reason in (DueReason.CALLBACK, DueReason.APOLOGY)
        if number in last and at < last[number] + gap and not asked_for:
            yield f"a phone in {person.place.name} rang again after {at - last[number]}"
        if number in day.desk.opted_out_at and at > day.desk.opted_out_at[number]:
            yield "a phone rang after its owner had opted out"
        last[number] = at


def _books(day: Day) -> Iterator[str]:
    rang = {sid for _, _, sid in day.rings}
    ours = {one.sid for one in day.attempts if one.rang_at is not None or one.answered_at is not None}
    if rang != ours:
        yield f"{len(rang - ours)} rings are not in our books, {len(ours - rang)} of ours did not ring"
    calls = {sid: (str(call.status), call.duration_s or 0) for sid, call in day.network.exchange.calls.items()}
    booked = {one.sid: (one.status, one.duration_s or 0) for one in day.attempts if one.sid is not None}
    if calls != booked:
        wrong = sum(calls.get(sid) != booked.get(sid) for sid in calls.keys() | booked.keys())
        yield f"{wrong} calls ended otherwise in our books than in the network's"
    counted = sum(tally.attempts for tally in day.tallies.values())
    if counted != len(calls):
        yield f"{counted} attempts are counted, the network had {len(calls)} calls"
    dispositions = Counter(str(one.disposition) for one in day.attempts if one.sid is not None)
    if dispositions != sum((tally.dispositions for tally in day.tallies.values()), Counter[str]()):
        yield "the sums of dispositions are not those of the attempts"
    if day.locks or day.states["open attempts"]:
        yield f"{day.locks} locks and {day.states['open attempts']} open attempts are left behind"
    if day.states["completed"] != 2:
        yield "a campaign was not completed at its end"
    unfinished = Counter(str(one.state) for one in day.contacts if str(one.state) not in ("done", "skipped"))
    if unfinished:
        yield f"contacts are left {dict(unfinished)}"


def facts(day: Day) -> dict[str, Any]:
    """Figures, also those without which the day would prove nothing."""
    rings = day.rings
    first: dict[str, tuple[datetime, str]] = {}
    other_part = retried = 0
    for number, at, _ in sorted(rings, key=lambda ring: ring[1]):
        person = day.crowd[number]
        part = str(part_of_day(at.astimezone(ZoneInfo(person.place.zone))))
        if number in first:
            retried += 1
            other_part += part != first[number][1]
        else:
            first[number] = (at, part)
    suppressed = sum(1 for one in day.contacts if one.campaign_id == "later" and one.refusal == "suppressed")
    return {
        "contacts": len(day.contacts),
        "people": len(day.crowd),
        "calls": len(day.network.exchange.calls),
        "rings": len(rings),
        "people_rung": len(first),
        "rung_again": retried,
        "in_another_part_of_the_day": other_part,
        "opted_out": len(day.desk.opted_out_at),
        "skipped_as_suppressed": suppressed,
        "callbacks": sum(1 for one in day.attempts if one.reason is DueReason.CALLBACK and one.sid),
        "expired": sum(1 for one in day.contacts if one.refusal == "expired"),
        "beats": day.beats,
        "cost_usd": round(sum(tally.cost for tally in day.tallies.values()), 2),
        "dispositions": dict(sum((tally.dispositions for tally in day.tallies.values()), Counter[str]()).most_common()),
    }


def too_little(found: dict[str, Any]) -> Iterator[str]:
    """What should have happened on such a day and did not."""
    for name in (
        "rung_again",
        "in_another_part_of_the_day",
        "opted_out",
        "skipped_as_suppressed",
        "callbacks",
        "expired",
    ):
        if not found[name]:
            yield f"the day proves nothing about: {name.replace('_', ' ')}"


def by_hour(day: Day) -> dict[str, list[int]]:
    """Rings in each half hour, by place."""
    table = {place.name: [0] * (HOURS * 2 + 1) for place in PLACES}
    for number, at, _ in day.rings:
        table[day.crowd[number].place.name][int((at - STARTS).total_seconds() // 1800)] += 1
    return table


def show(found: dict[str, Any], table: dict[str, list[int]]) -> None:
    """For people."""
    halves = [(STARTS + timedelta(minutes=30 * index)).strftime("%H:%M") for index in range(HOURS * 2)]
    print("phones that rang, from (UTC)  " + " ".join(halves))
    for place, counts in table.items():
        print(f"  {place:<28}" + " ".join(f"{count or '·':>5}" for count in counts[: len(halves)]))
    for name, value in found.items():
        print(f"  {name.replace('_', ' '):<28}{value}")


def run(store_url: str, contacts: int, *, patient: bool) -> tuple[Day, float]:
    """One day on one store, and the seconds it took."""

    async def work() -> Day:
        store = open_store(store_url, deadline_s=60)
        day = await live(PatientStore(store) if patient else store, contacts)
        await store.close()
        return day

    began_s = time.monotonic()
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work()), time.monotonic() - began_s


def main() -> int:
    """Live it, print it, write bench/results/campaign_day.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=STORES, action="append", help="both, unless one is named")
    parser.add_argument("--contacts", type=int)
    asked = parser.parse_args()
    start_logs(level="CRITICAL", as_json=False)
    return max(lived(one, asked.contacts) for one in asked.store or STORES)


def lived(kind: str, wanted: int | None) -> int:
    """The day on one store; 1 when something went wrong in it."""
    with ExitStack() as stack:
        if kind == "firestore":
            os.environ["FIRESTORE_EMULATOR_HOST"] = stack.enter_context(firestore_emulator())
            url = f"firestore://day-{uuid4().hex[:8]}/(default)"
        else:
            url = f"sqlite:///{stack.enter_context(tempfile.TemporaryDirectory(dir=MEMORY))}/day.db"
        contacts = wanted or (5000 if kind == "sqlite" else 500)
        day, seconds = run(url, contacts, patient=kind == "firestore")
    found = {**facts(day), "seconds": round(seconds, 1)}
    table = by_hour(day)
    print(f"{kind}: {HOURS} hours in {seconds:.0f} s")
    show(found, table)
    wrong = [*violations(day), *too_little(found)]
    if kind == "sqlite" and seconds > MOST_S:
        wrong.append(f"it took {seconds:.0f} s, more than {MOST_S:g}")
    for sentence, times in Counter(wrong).most_common(20):
        print(f"  WRONG: {sentence}" + (f" ({times} times)" if times > 1 else ""))
    about = {"python": platform.python_version(), "machine": platform.machine()}
    RESULTS.parent.mkdir(exist_ok=True)
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    known[kind] = {**about, **found, "rings_by_half_hour": table, "violations": len(wrong)}
    RESULTS.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
