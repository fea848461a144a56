"""The salon's tools: advice by what stands in its file, a book without double bookings, gift cards paid at the desk."""

from __future__ import annotations

import asyncio

import pytest

from functions.tools.salon import SALON
from shared.store.agents import shipped_agents
from shared.store.store import Store
from tests.tools.calling import Call

WEDNESDAY = "2026-12-02"


def test_four_specialists_use_every_tool() -> None:
    agents = {key: one for key, one in shipped_agents().items() if key.startswith("salon_")}
    assert len(agents) == 4
    assert {tool.name for tool in SALON} <= {tool for one in agents.values() for tool in one.tools}
    assert {target for one in agents.values() for target in one.hands_over_to} == set(agents)


@pytest.mark.parametrize(
    ("concern", "best"),
    [("dry and damaged hair", "repair_care"), ("my roots are grey", "colour"), ("an itchy scalp", "calm_scalp")],
)
async def test_advice_fits_the_concern(sqlite_store: Store, concern: str, best: str) -> None:
    told = await Call(sqlite_store, "salon_treatments").succeeds("treatment_advice", concern=concern)
    assert told["treatments"][0]["treatment"] == best


async def test_what_nothing_helps_is_said(sqlite_store: Store) -> None:
    assert "haircut" in await Call(sqlite_store, "salon_treatments").refuses("treatment_advice", concern="a broken leg")


async def test_two_stylists_can_cut_at_the_same_time_and_a_third_caller_is_told(store: Store) -> None:
    calls = [Call(store, "salon_bookings", f"CA{number}", f"+3312345678{number}") for number in range(4)]
    wanted = {"treatment": "haircut", "starts_at": f"{WEDNESDAY}T10:00"}
    outcomes = await asyncio.gather(*(call.uses("book_treatment", **wanted) for call in calls))
    booked = [one.response["stylist"] for one in outcomes if one.status == "ok"]
    assert sorted(booked) == ["Noa", "Rosa"]
    assert all("taken" in one.response["message"] for one in outcomes if one.status != "ok")


async def test_a_long_treatment_takes_all_its_time(sqlite_store: Store) -> None:
    call = Call(sqlite_store, "salon_bookings")
    await call.succeeds("book_treatment", treatment="colour", starts_at=f"{WEDNESDAY}T10:00", stylist="Noa")
    for taken in ("09:30", "10:00", "11:30"):
        message = await call.refuses(
            "book_treatment", treatment="haircut", starts_at=f"{WEDNESDAY}T{taken}", stylist="noa"
        )
        assert "taken" in message
    await call.succeeds("book_treatment", treatment="beard", starts_at=f"{WEDNESDAY}T12:00", stylist="Noa")
    assert "close" in await call.refuses("book_treatment", treatment="colour", starts_at=f"{WEDNESDAY}T18:00")
    assert "Which one" in await call.refuses("cancel_treatment")
    await call.succeeds("cancel_treatment", starts_at=f"{WEDNESDAY}T10:00")
    await call.succeeds("book_treatment", treatment="haircut", starts_at=f"{WEDNESDAY}T11:00", stylist="Noa")


async def test_the_same_call_of_a_tool_books_once(sqlite_store: Store) -> None:
    call = Call(sqlite_store, "salon_bookings")
    wanted = {"treatment": "repair care", "starts_at": f"{WEDNESDAY}T10:00"}
    first = await call.succeeds("book_treatment", "same", **wanted)
    assert await call.succeeds("book_treatment", "same", **wanted) == first
    assert len((await sqlite_store.query("books/mirabel/appointments")).documents) == 1


async def test_gift_cards(sqlite_store: Store) -> None:
    call = Call(sqlite_store, "salon_care")
    card = await call.succeeds("order_gift_card", "same", amount=50)
    assert await call.succeeds("order_gift_card", "same", amount=50) == card
    assert "not paid" in await call.refuses("gift_card_balance", code=card["code"])
    assert (await call.succeeds("gift_card_balance", code="mira 7"))["amount"] == 30
    await call.refuses("gift_card_balance", code="NOPE")
    assert "from 20 to 500" in await call.refuses("order_gift_card", amount=5)
