"""The practice's tools: nobody's record opens unverified, no time is given twice, nothing happens twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from functions.tools.clinic import CLINIC
from functions.tools.clinic.practice import practice
from shared.store.store import Store
from tests.tools.calling import Call

NINA = {"name": "Nina Hoffmann", "date_of_birth": "1987-03-04"}
WEDNESDAY = "2026-12-02"


async def nina(store: Store, sid: str = "CA1") -> Call:
    call = Call(store, "eu_clinic", sid)
    await call.succeeds("find_patient", name=NINA["name"])
    await call.succeeds("verify_date_of_birth", date_of_birth=NINA["date_of_birth"])
    return call


def test_the_agent_has_fourteen_tools() -> None:
    tools = Call(None, "eu_clinic").agent.tools  # type: ignore[arg-type]
    assert len(tools) == 14
    assert {tool.name for tool in CLINIC} <= set(tools)


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("book_visit", {"doctor": "weber", "starts_at": f"{WEDNESDAY}T10:00"}),
        ("move_visit", {"starts_at": f"{WEDNESDAY}T10:00"}),
        ("cancel_visit", {}),
        ("request_prescription_refill", {"medicine": "Ramipril"}),
    ],
)
@pytest.mark.parametrize("steps", [0, 1, 2], ids=["nothing", "only found", "wrong date"])
async def test_nothing_of_a_patients_own_opens_before_they_are_verified(
    sqlite_store: Store, tool: str, arguments: dict[str, Any], steps: int
) -> None:
    call = Call(sqlite_store, "eu_clinic")
    if steps >= 1:
        await call.succeeds("find_patient", name=NINA["name"])
    if steps >= 2:
        await call.refuses("verify_date_of_birth", date_of_birth="1987-03-05")
    assert "not verified" in await call.refuses(tool, **arguments)
    assert (await sqlite_store.query("refill_requests")).documents == []
    [visit] = (
        [one for one in await visits(sqlite_store) if one["person"] == "p1001"] if steps else [{"state": "booked"}]
    )
    assert visit["state"] == "booked"


async def visits(store: Store) -> list[dict[str, Any]]:
    return [dict(one.data) for one in (await store.query("books/lindenhof/appointments")).documents]


async def test_being_verified_is_for_one_call_and_one_patient(sqlite_store: Store) -> None:
    call = await nina(sqlite_store)
    await call.succeeds("request_prescription_refill", medicine="blood pressure tablets")
    assert "not verified" in await call.another("CA2").refuses("request_prescription_refill", medicine="Ramipril")
    await call.succeeds("find_patient", name="Maria Schneider")
    assert "not verified" in await call.refuses("cancel_visit")
    await call.refuses("verify_date_of_birth", date_of_birth=NINA["date_of_birth"])
    await call.succeeds("verify_date_of_birth", date_of_birth="1954-11-23")
    await call.succeeds("cancel_visit")
    assert {one["person"]: one["state"] for one in await visits(sqlite_store)} == {
        "p1001": "booked",
        "p1003": "cancelled",
    }


async def test_a_date_of_birth_can_be_guessed_three_times_also_all_at_once(sqlite_store: Store) -> None:
    call = Call(sqlite_store, "eu_clinic")
    assert "by name first" in await call.refuses("verify_date_of_birth", date_of_birth="1987-03-04")
    await call.succeeds("find_patient", name=NINA["name"])
    guesses = [call.refuses("verify_date_of_birth", date_of_birth=f"1987-03-{day:02}") for day in (5, 6, 7, 8, 9)]
    assert all("1987-03-04" not in message for message in await asyncio.gather(*guesses))
    assert "Too many" in await call.refuses("verify_date_of_birth", date_of_birth=NINA["date_of_birth"])
    await call.succeeds("find_patient", name=NINA["name"])
    assert "Too many" in await call.refuses("verify_date_of_birth", date_of_birth=NINA["date_of_birth"])


@pytest.mark.parametrize("said", ["Nina Hoffmann", "nina hoffmann", "NINA HOFFMANN ", "Nina Hoffman"])
async def test_a_patient_is_found_as_the_name_is_heard(sqlite_store: Store, said: str) -> None:
    await Call(sqlite_store, "eu_clinic").succeeds("find_patient", name=said)


async def test_a_name_that_is_nearly_right_is_not_enough_from_another_telephone(sqlite_store: Store) -> None:
    await Call(sqlite_store, "eu_clinic", caller="+4915199999999").refuses("find_patient", name="Nina Hoffman")
    await Call(sqlite_store, "eu_clinic", caller="").refuses("find_patient", name="Nobody There")


async def test_a_visit_is_booked_moved_and_cancelled(sqlite_store: Store) -> None:
    call = await nina(sqlite_store)
    free = await call.succeeds("free_slots", doctor="Dr. Novak", day=WEDNESDAY, part_of_day="morning")
    assert f"{WEDNESDAY}T09:00" in free["slots"]
    made = await call.succeeds("book_visit", doctor="novak", starts_at=f"{WEDNESDAY}T09:00", reason="a mole")
    assert (made["doctor"], made["starts_at"]) == ("Doctor Petra Novak", f"{WEDNESDAY}T09:00")
    assert "Which one" in await call.refuses("move_visit", starts_at=f"{WEDNESDAY}T09:20")
    moved = await call.succeeds("move_visit", visit_at=f"{WEDNESDAY}T09:00", starts_at=f"{WEDNESDAY}T09:20")
    assert moved["starts_at"] == f"{WEDNESDAY}T09:20"
    free = await call.succeeds("free_slots", doctor="novak", day=WEDNESDAY, part_of_day="morning")
    assert f"{WEDNESDAY}T09:00" in free["slots"]
    assert f"{WEDNESDAY}T09:20" not in free["slots"]
    await call.succeeds("cancel_visit", visit_at=f"{WEDNESDAY}T08:20+00:00")
    assert "2026-12-09T15:00" in await call.refuses("cancel_visit", visit_at=f"{WEDNESDAY}T09:20")
    await call.succeeds("cancel_visit")
    assert "no visit ahead" in await call.refuses("cancel_visit")


@pytest.mark.parametrize(
    ("starts_at", "phrase"),
    [
        (f"{WEDNESDAY}T12:30", "does not see patients"),
        (f"{WEDNESDAY}T10:07", "does not see patients"),
        ("2026-12-06T10:00", "does not see patients"),
        ("2026-11-30T10:00", "past"),
        ("2028-01-03T10:00", "more than a year"),
    ],
)
async def test_a_time_that_cannot_be_had_is_refused_with_the_reason(
    sqlite_store: Store, starts_at: str, phrase: str
) -> None:
    call = await nina(sqlite_store)
    assert phrase in await call.refuses("book_visit", doctor="weber", starts_at=starts_at)
    assert len(await visits(sqlite_store)) == 2


async def test_the_same_call_of_a_tool_acts_once(sqlite_store: Store) -> None:
    call = await nina(sqlite_store)
    booking = {"doctor": "weber", "starts_at": f"{WEDNESDAY}T10:00"}
    first = await call.succeeds("book_visit", "same", **booking)
    assert await call.succeeds("book_visit", "same", **booking) == first
    moving = {"visit_at": f"{WEDNESDAY}T10:00", "starts_at": f"{WEDNESDAY}T11:00"}
    await call.succeeds("move_visit", "move", **moving)
    await call.succeeds("request_prescription_refill", "again", medicine="Ramipril")
    await call.succeeds("request_prescription_refill", "again", medicine="Ramipril")
    assert len((await sqlite_store.query("refill_requests")).documents) == 1
    assert sorted(one["starts_at"] for one in await visits(sqlite_store) if one["person"] == "p1001") == [
        f"{WEDNESDAY}T11:00", "2026-12-09T15:00"]  # fmt: skip


async def test_of_many_who_want_the_same_time_one_gets_it(store: Store) -> None:
    calls = [await nina(store, f"CA{number}") for number in range(5)]
    outcomes = await asyncio.gather(
        *(call.uses("book_visit", doctor="weber", starts_at=f"{WEDNESDAY}T10:00") for call in calls)
    )
    assert sorted(outcome.status for outcome in outcomes) == ["error"] * 4 + ["ok"]
    assert all("taken" in outcome.response["message"] for outcome in outcomes if outcome.status != "ok")


async def test_two_who_move_to_the_same_time_and_one_who_cancels_leave_the_book_whole(store: Store) -> None:
    first, second = await nina(store, "CA1"), Call(store, "eu_clinic", "CA2", caller="")
    await second.succeeds("find_patient", name="Jonas Becker")
    await second.succeeds("verify_date_of_birth", date_of_birth="1990-06-10")
    await second.succeeds("book_visit", doctor="weber", starts_at=f"{WEDNESDAY}T09:00")
    outcomes = await asyncio.gather(
        first.uses("move_visit", starts_at=f"{WEDNESDAY}T10:00"),
        second.uses("move_visit", starts_at=f"{WEDNESDAY}T10:00"),
        second.uses("cancel_visit"),
    )
    assert "ok" in {outcome.status for outcome in outcomes}
    booked = {
        f"{one['calendar']}_{step}" for one in await visits(store) if one["state"] == "booked" for step in one["steps"]
    }
    steps = (await store.query("books/lindenhof/steps")).documents
    assert {one.id for one in steps} == booked


async def test_a_medicine_that_is_not_the_patients_is_not_ordered(sqlite_store: Store) -> None:
    call = await nina(sqlite_store)
    assert "not on this patient's list" in await call.refuses("request_prescription_refill", medicine="Metformin")


async def test_questions_are_answered_without_knowing_who_asks(sqlite_store: Store) -> None:
    call = Call(sqlite_store, "eu_clinic", caller="")
    [skin] = (await call.succeeds("list_doctors", field="skin"))["doctors"]
    assert skin["id"] == "novak"
    assert len((await call.succeeds("list_doctors"))["doctors"]) == 3
    assert "mon-fri 08:00-18:00" in (await call.succeeds("opening_hours"))["message"]
    assert "Closed" in (await call.succeeds("opening_hours", day="2026-12-06"))["message"]
    assert "S-Bahn" in (await call.succeeds("directions", by="train"))["message"]
    assert "Blue Harbour" in (await call.succeeds("check_insurance", insurer="blue harbor"))["message"]
    assert "no contract" in await call.refuses("check_insurance", insurer="Zeppelin Mutual")
    assert (await sqlite_store.query("patients")).documents == []


def test_the_practice_holds_together() -> None:
    for patient in practice().patients:
        for visit in patient.visits:
            assert visit.doctor in practice().doctors
