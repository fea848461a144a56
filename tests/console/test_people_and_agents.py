"""Who must not be called, and who calls: the suppression list and the agents."""

from __future__ import annotations

import logging

import pytest

from shared.store.agents import AgentBook
from shared.store.suppressions import suppression_of
from tests.console.conftest import HASH_NUMBER, Console

ASHA = "+919876543210"


async def test_a_number_is_suppressed_however_it_is_written(console: Console, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    body = {"phone": "098765 43210", "country": "IN", "reason": "opt_out", "words": "please stop"}
    done = await console.does("POST", "/api/suppressions", body, 201)
    assert done["number_hashes"] == [HASH_NUMBER(ASHA)]
    entry = await suppression_of(console.store, HASH_NUMBER(ASHA))
    assert entry is not None
    assert str(entry.reason) == "opt_out"
    [shown] = (await console.get("/api/suppressions"))["suppressions"]
    assert shown["number_hash"] == HASH_NUMBER(ASHA)
    assert ASHA not in str(shown)
    assert "9876543210" not in caplog.text
    assert await console.get(f"/api/suppressions/{HASH_NUMBER(ASHA)}") == shown


async def test_one_number_that_cannot_be_read_changes_nothing(console: Console) -> None:
    body = {"phones": [ASHA, "12", "+14155550100"], "country": "IN"}
    problem = await console.does("POST", "/api/suppressions", body, 422)
    assert problem["field"] == "phones.1"
    assert problem["errors"][0]["index"] == 1
    assert (await console.get("/api/suppressions"))["suppressions"] == []


@pytest.mark.parametrize("body", [{}, {"phone": "9876543210"}, {"phones": []}, {"phone": ASHA, "reason": "bored"}])
async def test_an_incomplete_suppression_is_refused(laptop: Console, body: dict[str, object]) -> None:
    assert (await laptop.does("POST", "/api/suppressions", body, 422))["title"]


async def test_a_file_of_numbers_is_suppressed(console: Console) -> None:
    file = "Phone\n9876543210\n9811122233\nnobody\n"
    answer = await console.asks(
        "POST", "/api/suppressions", files={"file": ("dnc.csv", file.encode())}, data={"country": "IN"}
    )
    assert answer.status_code == 201, answer.text
    assert (answer.json()["suppressed"], answer.json()["left_out"]) == (2, 1)
    entries = (await console.get("/api/suppressions"))["suppressions"]
    assert [one["reason"] for one in entries] == ["imported", "imported"]


async def test_a_person_takes_a_number_off_again(console: Console) -> None:
    await console.does("POST", "/api/suppressions", {"phones": [ASHA, "+919811122233"]}, 201)
    lifted = await console.does("DELETE", "/api/suppressions", {"phone": ASHA})
    assert (lifted["lifted"], lifted["reinstated"]) == (True, 0)
    assert (await console.does("DELETE", f"/api/suppressions/{HASH_NUMBER('+919811122233')}"))["lifted"] is True
    assert await suppression_of(console.store, HASH_NUMBER(ASHA)) is None
    await console.does("DELETE", "/api/suppressions", {"phone": ASHA}, 404)


async def test_the_agents_that_ship_are_there(laptop: Console) -> None:
    agents = {one["agent_id"]: one for one in (await laptop.get("/api/agents"))["agents"]}
    assert {"renewal", "reception"} <= set(agents)
    assert agents["renewal"]["shipped"] is True


async def test_an_agent_that_is_written_gets_a_version_and_answers_the_phone(console: Console) -> None:
    agent = (await console.get("/api/agents/renewal"))["agent"]
    first = agent["version"]
    written = await console.does("PUT", "/api/agents/renewal", {**agent, "name": "Kiran"})
    assert (written["agent"]["version"], written["shipped"]) == (first + 1, False)
    again = await console.does("PUT", "/api/agents/renewal", {**written["agent"], "name": "Meera"})
    assert again["agent"]["version"] == first + 2
    assert (await AgentBook(console.store, {}).get("renewal")).name == "Meera"
    problem = await console.does("PUT", "/api/agents/renewal", {**written["agent"], "name": "Late"}, 409)
    assert problem["version_now"] == first + 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"voice": "Elvis"}, "voice"),
        ({"tools": ["end_call", "teleport"]}, "tools.1"),
        ({"languages": {"start": "fr", "allowed": ["hi-IN"]}}, "languages"),
        ({"id": "other"}, "id"),
        ({"mood": "sunny"}, "mood"),
    ],
)
async def test_an_agent_that_cannot_work_names_the_field(
    laptop: Console, changes: dict[str, object], field: str
) -> None:
    agent = (await laptop.get("/api/agents/renewal"))["agent"]
    problem = await laptop.does("PUT", "/api/agents/renewal", {**agent, **changes}, 422)
    assert problem["field"] == field
    assert (await laptop.get("/api/agents/renewal"))["shipped"] is True


async def test_no_such_agent(laptop: Console) -> None:
    await laptop.does("GET", "/api/agents/nobody", expect=404)
