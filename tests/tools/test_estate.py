"""The estate agency's tools: homes, viewings that nobody gets twice, estimates, and accounts that stay closed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from functions.tools.estate import ESTATE
from functions.tools.estate.mortgage import monthly_rate
from shared.store.agents import shipped_agents
from shared.store.store import Store
from tests.tools.calling import Call

WEDNESDAY = "2026-12-02"
SPECIALISTS = [agent_id for agent_id in shipped_agents() if agent_id.startswith("estate_")]


def test_ten_specialists_use_every_tool_and_can_all_be_reached() -> None:
    agents = shipped_agents()
    assert len(SPECIALISTS) == 10
    assert {tool.name for tool in ESTATE} <= {tool for one in SPECIALISTS for tool in agents[one].tools}
    for start in SPECIALISTS:
        reached, ahead = {start}, [start]
        while ahead:
            new = set(agents[ahead.pop()].hands_over_to) - reached
            reached |= new
            ahead.extend(new)
        assert reached == set(SPECIALISTS), start


async def test_homes_are_found_by_what_is_wanted(sqlite_store: Store) -> None:
    call = Call(sqlite_store, "estate_buyers")
    found = await call.succeeds("search_properties", offer="sale", area="near the riverside", bedrooms=3)
    assert [one["property"] for one in found["properties"]] == ["mill_lane_7", "harbour_row_2"]
    assert "hillside" in await call.refuses("search_properties", offer="sale", area="centre")
    for said in ("mill_lane_7", "7 Mill Lane", "mill lane"):
        details = await call.succeeds("property_details", property=said)
        assert (details["address"], details["price"]) == ("7 Mill Lane", 400_000)
    for unknown in ("10 Station Street", "Hill Road", "1 Downing Street"):
        await call.refuses("property_details", property=unknown)


async def test_a_viewing_is_for_one_caller(store: Store) -> None:
    calls = [Call(store, "estate_viewings", f"CA{number}", f"+35312345{number:02}") for number in range(4)]
    wanted = {"property": "mill lane", "starts_at": f"{WEDNESDAY}T10:00"}
    outcomes = await asyncio.gather(*(call.uses("book_viewing", **wanted) for call in calls))
    assert sorted(one.status for one in outcomes) == ["error", "error", "error", "ok"]
    times = (await calls[0].succeeds("viewing_times", property="mill lane", day=WEDNESDAY))["times"]
    assert f"{WEDNESDAY}T10:00" not in times
    lucky = calls[[one.status for one in outcomes].index("ok")]
    await calls[(calls.index(lucky) + 1) % 4].refuses("cancel_viewing")
    assert (await lucky.succeeds("cancel_viewing"))["address"] == "7 Mill Lane"
    await calls[0].succeeds("book_viewing", **wanted)


@pytest.mark.parametrize(
    ("loan", "rate", "years", "monthly"), [(320_000, 3.9, 20, 1922), (120_000, 0, 10, 1000), (100_000, 6, 30, 600)]
)
def test_an_instalment_is_an_annuitys(loan: int, rate: float, years: int, monthly: int) -> None:
    assert round(monthly_rate(loan, rate, years)) == monthly


async def test_an_estimate_needs_a_loan(sqlite_store: Store) -> None:
    call = Call(sqlite_store, "estate_mortgages")
    told = await call.succeeds("mortgage_estimate", price=400_000, deposit=80_000, years=20)
    assert (told["loan"], told["monthly"]) == (320_000, 1922)
    assert "no loan" in await call.refuses("mortgage_estimate", price=100, deposit=100, years=1)
    await call.refuses("mortgage_estimate", price=-1, deposit=0, years=20)


@pytest.mark.parametrize(
    ("agent", "tool", "arguments", "collection"),
    [
        ("estate_valuations", "request_valuation", {"address": "9 Hill Road"}, "valuations"),
        ("estate_maintenance", "report_repair", {"problem": "The heating is cold.", "urgent": True}, "repairs"),
        ("estate_complaints", "register_complaint", {"about": "Nobody came."}, "complaints"),
    ],
)
async def test_what_is_asked_for_is_written_down_once(
    sqlite_store: Store, agent: str, tool: str, arguments: dict[str, Any], collection: str
) -> None:
    call = Call(sqlite_store, agent)
    first = await call.succeeds(tool, "same", **arguments)
    assert await call.succeeds(tool, "same", **arguments) == first
    [kept] = (await sqlite_store.query(collection)).documents
    assert kept.id == first["number"]
    assert kept.data["state"] == "new"


async def test_an_account_opens_for_its_holder_alone(sqlite_store: Store) -> None:
    call = Call(sqlite_store, "estate_payments")
    assert "not verified" in await call.refuses("payment_status")
    await call.refuses("verify_tenant", contract="4712", account_digits="0815")
    assert "not verified" in await call.refuses("payment_status")
    await call.succeeds("verify_tenant", contract="47 12", account_digits="33-44")
    assert (await call.succeeds("payment_status"))["open"] == 640
    assert "not verified" in await call.another("CA2").refuses("payment_status")
    await call.refuses("verify_tenant", contract="4711", account_digits="3344")
    assert "not verified" in await call.refuses("payment_status")


async def test_digits_can_be_guessed_three_times_also_all_at_once(sqlite_store: Store) -> None:
    call = Call(sqlite_store, "estate_payments")
    guesses = [call.refuses("verify_tenant", contract="4711", account_digits=f"081{last}") for last in (1, 2, 3, 4)]
    await asyncio.gather(*guesses)
    assert "Too many" in await call.refuses("verify_tenant", contract="4711", account_digits="0815")
