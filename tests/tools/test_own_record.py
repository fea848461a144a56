"""What an agent may know and change of the caller: their own record, and of it what its document names."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from functions.tools.builtin import BUILTIN
from functions.tools.outcome import ToolOutcome, wish_from_document, wish_to_document
from functions.tools.tool import (
    CallbackPromised,
    EndCall,
    Fact,
    HandOver,
    Learned,
    OptedOut,
    ToolContext,
    Transfer,
    Wish,
)
from shared.domain.agent import Agent
from shared.domain.agent_tools import OwnRecord
from shared.domain.call import Ending
from shared.domain.disposition import Outcome
from tests.memory_store import MemoryStore
from tests.tools.customers_system import agent_with, context_of

FIELDS = OwnRecord(readable=("name", "customer_number"), writable=("name",))
AGENT = agent_with(tools=("lookup_record", "update_record"), own_record=FIELDS)


async def run(name: str, arguments: dict[str, Any], context: ToolContext) -> ToolOutcome:
    return await BUILTIN.run(name, arguments, context)


def call(store: MemoryStore, number: int, number_hash: str = "h1", agent: Agent = AGENT, **more: Any) -> ToolContext:
    return context_of(agent, f"t{number}", store=store, number_hash=number_hash, **more)


async def test_a_callers_name_is_kept_and_known_the_next_time_and_to_nobody_else() -> None:
    store = MemoryStore()
    assert (await run("lookup_record", {}, call(store, 1))).response["message"].startswith("Nothing is known")
    assert (await run("update_record", {"field": "name", "value": "Meera"}, call(store, 2))).status == "ok"
    assert (await run("lookup_record", {}, call(store, 3))).response["fields"] == {"name": "Meera"}
    assert "fields" not in (await run("lookup_record", {}, call(store, 4, "h2"))).response


@pytest.mark.parametrize("field", ["customer_number", "phone", "id", "fields", "updated_at"])
async def test_what_the_document_does_not_allow_is_refused(field: str) -> None:
    store = MemoryStore()
    outcome = await run("update_record", {"field": field, "value": "x"}, call(store, 1))
    assert outcome.response["status"] == "refused"
    assert not any(path.startswith("callers/") for path in store.documents)


async def test_fields_that_may_not_be_told_are_not() -> None:
    store = MemoryStore()
    await store.create("callers/h1", {"fields": {"name": "Meera", "diagnosis": "secret"}})
    assert (await run("lookup_record", {}, call(store, 1))).response["fields"] == {"name": "Meera"}


async def test_a_hidden_number_has_no_record() -> None:
    store = MemoryStore()
    from dataclasses import replace

    hidden = replace(call(store, 1, "hash of anonymous"), caller="anonymous")
    assert (await run("update_record", {"field": "name", "value": "x"}, hidden)).status == "error"
    assert not any(path.startswith("callers/") for path in store.documents)


async def test_two_changes_at_the_same_time_are_both_kept() -> None:
    store = MemoryStore()
    agent = agent_with(tools=("update_record",), own_record=OwnRecord(readable=("a", "b"), writable=("a", "b")))
    changes = [
        run("update_record", {"field": name, "value": name}, call(store, ord(name), agent=agent)) for name in "ab"
    ]
    assert [one.status for one in await asyncio.gather(*changes)] == ["ok", "ok"]
    assert store.documents["callers/h1"][0]["fields"] == {"a": "a", "b": "b"}


WISHES: list[Wish] = [
    EndCall(),
    EndCall(Ending.AGENT_ENDED, Outcome.GOAL_MET, True),
    Transfer("+4930123", "desk", "Meera asks."),
    HandOver("loans", "wants a loan"),
    OptedOut(),
    CallbackPromised(),
    Learned(Fact.VERIFIED_CALLER),
]


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: type(wish).__name__)
def test_a_wish_is_the_same_after_it_was_kept(wish: Wish) -> None:
    assert wish_from_document(wish_to_document(wish)) == wish


@pytest.mark.parametrize("document", [None, "x", {}, {"kind": "fly"}, {"kind": "hand_over"}, {"kind": "end_call"}])
def test_what_is_no_wish_is_none(document: object) -> None:
    assert wish_from_document(document) is None
