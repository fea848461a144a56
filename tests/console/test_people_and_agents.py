"""Who must not be called, and who calls: the suppression list and the agents."""

from __future__ import annotations

import asyncio
import logging

import pytest

from functions.console.api.suppressions import MOST_NUMBERS
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
    [row] = answer.json()["left_out_rows"]
    assert (row["row"], row["code"]) == (4, "not_a_number")
    assert row["detail"]
    entries = (await console.get("/api/suppressions"))["suppressions"]
    assert [one["reason"] for one in entries] == ["imported", "imported"]


async def test_a_file_of_numbers_too_big_for_one_request_comes_in_parts(laptop: Console) -> None:
    upload = await laptop.does("POST", "/api/uploads", {"filename": "dnc.csv"}, 201)
    for number, part in enumerate((b"Phone\n98765432", b"10\n9811122233\n"), start=1):
        await laptop.asks("PUT", f"/api/uploads/{upload['upload_id']}/parts/{number}", content=part)
    added = await laptop.does("POST", "/api/suppressions", {"upload_id": upload["upload_id"], "country": "IN"}, 201)
    assert (added["suppressed"], added["left_out_rows"]) == (2, [])
    entries = (await laptop.get("/api/suppressions"))["suppressions"]
    assert [one["reason"] for one in entries] == ["imported", "imported"]


async def test_a_file_of_too_many_numbers_says_how_to_split_it_and_adds_none(laptop: Console) -> None:
    file = "Phone\n" + "".join(f"98{number:08}\n" for number in range(MOST_NUMBERS * 2 + 1))
    answer = await laptop.asks(
        "POST", "/api/suppressions", files={"file": ("dnc.csv", file.encode())}, data={"country": "IN"}
    )
    assert answer.status_code == 413
    assert answer.json()["title"] == "The file has 100,001 numbers, and one may have 50,000; none was added"
    assert answer.json()["detail"].startswith("Split it into 3 files")
    assert (await laptop.get("/api/suppressions"))["suppressions"] == []


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


async def test_everything_that_is_wrong_with_an_agent_is_told_at_once_with_what_would_work(laptop: Console) -> None:
    agent = (await laptop.get("/api/agents/renewal"))["agent"]
    wrong = {
        "tools": ["end_call", "schedule_calback"],
        "model": {
            "id": "gemini-3.8-live",
            "platform": "vertex",
            "region": "eu",
            "fallbacks": [{"platform": "developer"}],
        },
        "transfer_numbers": {"team": "+49 30 23125 555"},
        "extract": {"type": "object", "properties": {"age": {"type": "text"}}},
        "hands_over_to": ["receptionist"],
    }
    problem = await laptop.does("PUT", "/api/agents/renewal", {**agent, **wrong}, 422)
    told = {one["field"]: one["suggestion"] for one in problem["errors"]}
    assert told == {
        "tools.1": "schedule_callback",
        "transfer_numbers.team": "+493023125555",
        "model.fallbacks.0.platform": "vertex",
        "extract.properties.age.type": "string",
        "tools": "hand_over",
        "hands_over_to.0": "reception",
    }
    slip = await laptop.does("PUT", "/api/agents/renewal", {**agent, "instruction": "Be kind."}, 422)
    assert (slip["field"], slip["errors"][0]["suggestion"]) == ("instruction", "instructions")


async def test_every_version_can_be_read_again_and_a_running_call_keeps_its_own(console: Console) -> None:
    first = (await console.get("/api/agents/renewal"))["agent"]
    assert [one["version"] for one in (await console.get("/api/agents/renewal/versions"))["versions"]] == [1]
    await console.does("PUT", "/api/agents/renewal", {**first, "name": "Kiran"})
    await console.does("PUT", "/api/agents/renewal", {**first, "name": "Meera", "version": 2})
    history = (await console.get("/api/agents/renewal/versions"))["versions"]
    assert [(one["version"], one["agent"]["name"]) for one in history] == [(1, "Anjali"), (2, "Kiran"), (3, "Meera")]
    assert [one["at"] is None for one in history] == [True, False, False]
    page = await console.get("/api/agents/renewal/versions", page_size=2)
    rest = await console.get("/api/agents/renewal/versions", page_size=2, cursor=page["next"])
    assert [one["version"] for one in page["versions"] + rest["versions"]] == [1, 2, 3]
    assert (await console.get("/api/agents/renewal/versions/2"))["agent"]["name"] == "Kiran"
    for absent in ("4", "0", "two", "-1", "9999999"):
        await console.does("GET", f"/api/agents/renewal/versions/{absent}", expect=404)
    book = AgentBook(console.store, {})  # a release that does not ship the agent any more
    assert [(await book.version("renewal", number)).name for number in (1, 2, 3, None)] == [
        "Anjali", "Kiran", "Meera", "Meera"]  # fmt: skip


async def test_of_two_who_write_at_the_same_time_one_is_told_to_look_again(console: Console) -> None:
    agent = (await console.get("/api/agents/renewal"))["agent"]
    answers = await asyncio.gather(
        *(
            console.asks("PUT", "/api/agents/renewal", json={**agent, "name": name})
            for name in ("Asha", "Bela", "Chitra")
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    [winner] = [answer.json()["agent"] for answer in answers if answer.status_code == 200]
    assert (await console.get("/api/agents/renewal"))["agent"] == winner
    assert winner["version"] == 2


async def test_a_number_of_ours_gets_an_agent_of_its_own(console: Console) -> None:
    assert (await console.get("/api/numbers"))["numbers"] == []
    book = AgentBook(console.store, console.services.shipped)
    assert (await book.for_number("+493023125555")).id == "reception"
    given = await console.does("PUT", "/api/numbers/+49 30 23125555", {"agent_id": "eu_clinic"})
    assert given == {"number": "+493023125555", "agent_id": "eu_clinic"}
    assert (await book.for_number("+493023125555")).id == "eu_clinic"
    await console.does("PUT", "/api/numbers/+493023125555", {"agent_id": "renewal"})
    assert (await console.get("/api/numbers"))["numbers"] == [{**given, "agent_id": "renewal"}]
    problem = await console.does("PUT", "/api/numbers/+493023125555", {"agent_id": "eu_clinc"}, 422)
    assert (problem["field"], problem["detail"]) == ("agent_id", "Did you mean eu_clinic?")
    assert (await console.does("PUT", "/api/numbers/030123", {"agent_id": "renewal"}, 422))["field"] == "number"
