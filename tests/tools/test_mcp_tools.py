"""Tools of MCP servers: chosen, declared, called, closed with the call; and every way in which a server can fail."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from functions.tools.gemini_schema import gemini_schema
from functions.tools.outside.http_tool import AWAY, UNKNOWN
from functions.tools.outside.mcp_tools import McpTools
from functions.tools.outside.secret_headers import SecretHeaders
from functions.tools.registry import Registry
from shared.domain.agent import Agent
from shared.domain.agent_tools import McpServer
from shared.http_guard import Guard
from tests.tools.customers_system import CALL, agent_with, context_of
from tests.tools.mcp_server import mcp_server

CHOSEN = ("find_customer", "open_ticket")


def with_server(url: str, *, tools: tuple[str, ...] = CHOSEN, **more: Any) -> Agent:
    headers = {"Authorization": "Bearer secret://tool-crm"}
    server = McpServer(name="crm", url=url, tools=tools, headers=headers, **{"open_within_s": 10, **more})
    return agent_with(mcp_servers=(server,))


def registry(guard: Guard | None = None) -> Registry:
    house = McpTools(
        guard or Guard(private_hosts=["127.0.0.1"]), SecretHeaders(lambda named: dict.fromkeys(named, "the-secret"))
    )
    return Registry([], [house])


@pytest.mark.parametrize("json_response", [False, True], ids=["events", "json"])
async def test_the_chosen_tools_are_declared_and_called_on_one_session_that_ends_with_the_call(
    json_response: bool,
) -> None:
    async with mcp_server(json_response=json_response) as system:
        agent, tools = with_server(system.url), registry()
        await tools.ready(agent, CALL)
        declared = {one.name: one for one in tools.declared(agent)}
        assert set(declared) == set(CHOSEN)
        assert declared["find_customer"].description == "Finds a customer by number."
        assert gemini_schema(declared["find_customer"].parameters) == {
            "type": "OBJECT",
            "properties": {"number": {"type": "INTEGER", "minimum": 1, "description": "The customer's number."}},
            "required": ["number"],
        }
        found = await tools.run("find_customer", {"number": 7}, context_of(agent))
        assert (found.status, found.response["answer"]) == ("ok", {"name": "Meera", "number": 7})
        opened = await tools.run("open_ticket", {"words": "it is broken"}, context_of(agent, "t2"))
        assert opened.status == "ok"
        assert "ticket 7" in str(opened.response["answer"])
        assert system.asked == [("find_customer", 7), ("open_ticket", "it is broken")]
        assert all(headers["authorization"] == "Bearer the-secret" for headers in system.headers)
        requests = len(system.methods)
        await tools.release(CALL)
        assert "DELETE" in system.methods[requests:] or "mcp-session-id" not in system.headers[-1]


async def test_what_was_not_chosen_cannot_be_called() -> None:
    async with mcp_server() as system:
        agent, tools = with_server(system.url), registry()
        outcome = await tools.run("delete_everything", {}, context_of(agent))
        assert (outcome.status, system.asked) == ("refused", [])
        await tools.settle(1)


async def test_arguments_are_checked_before_they_leave_the_house() -> None:
    async with mcp_server() as system:
        agent, tools = with_server(system.url), registry()
        wrong: list[dict[str, Any]] = [{}, {"number": "seven"}, {"number": 0}]
        for number, arguments in enumerate(wrong):
            outcome = await tools.run("find_customer", arguments, context_of(agent, f"t{number}"))
            assert outcome.response["status"] == "error"
            assert "not right" in outcome.response["message"]
        assert system.asked == []
        await tools.settle(1)


async def test_a_server_that_is_away_leads_to_an_answer_and_is_asked_again_for_the_next_call() -> None:
    tools = registry()
    async with mcp_server() as system:
        port = system.port
    agent = with_server(f"http://127.0.0.1:{port}/mcp")
    await tools.ready(agent, CALL)
    declared = {one.name: one for one in tools.declared(agent)}
    assert "cannot be reached" in declared["find_customer"].description
    outcome = await tools.run("find_customer", {"number": 7}, context_of(agent))
    assert (outcome.status, outcome.response["message"]) == ("error", AWAY)
    async with mcp_server(port=port) as system:
        outcome = await tools.run("find_customer", {"number": 7}, context_of(agent, "t2"))
        assert outcome.status == "ok"
        await tools.settle(1)


async def test_a_server_that_does_not_answer_is_away_in_time() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        agent, tools = with_server(f"http://127.0.0.1:{port}/mcp", open_within_s=0.3), registry()
        began = asyncio.get_running_loop().time()
        outcome = await tools.run("find_customer", {"number": 7}, context_of(agent))
        assert outcome.response["message"] == AWAY
        assert asyncio.get_running_loop().time() - began < 6
        await tools.settle(1)


@pytest.mark.parametrize(("tool", "arguments", "told"), [
    ("find_customer", {"number": 7}, AWAY), ("open_ticket", {"words": "x"}, UNKNOWN)
])  # fmt: skip
async def test_a_slow_tool_is_not_waited_for_for_ever(tool: str, arguments: dict[str, Any], told: str) -> None:
    async with mcp_server() as system:
        system.slow_s = 3
        agent, tools = with_server(system.url, timeout_s=1), registry()
        await tools.ready(agent, CALL)
        outcome = await tools.run(tool, arguments, context_of(agent))
        assert (outcome.status, outcome.response["message"]) == ("error", told)
        system.slow_s = 0
        again = await tools.run("find_customer", {"number": 8}, context_of(agent, "t2"))
        assert again.status == "ok", "the next call opens a session anew"
        await tools.settle(1)


async def test_a_tool_that_fails_says_why() -> None:
    async with mcp_server() as system:
        agent, tools = with_server(system.url), registry()
        outcome = await tools.run("open_ticket", {"words": "fail"}, context_of(agent))
        assert outcome.response["status"] == "error"
        await tools.settle(1)


async def test_a_tool_that_the_server_no_longer_has() -> None:
    async with mcp_server() as system:
        agent, tools = with_server(system.url, tools=("find_customer", "gone")), registry()
        await tools.ready(agent, CALL)
        outcome = await tools.run("gone", {}, context_of(agent))
        assert "does not offer this" in outcome.response["message"]
        await tools.settle(1)


async def test_a_server_in_the_house_is_refused_unless_it_is_named() -> None:
    async with mcp_server() as system:
        agent, tools = with_server(system.url), registry(Guard())
        outcome = await tools.run("find_customer", {"number": 7}, context_of(agent))
        assert (outcome.response["message"], system.methods) == (AWAY, [])
        await tools.settle(1)


async def test_the_same_call_of_the_model_is_one_call_of_the_server() -> None:
    async with mcp_server() as system:
        agent, tools = with_server(system.url), registry()
        context = context_of(agent)
        for _ in range(2):
            assert (await tools.run("open_ticket", {"words": "x"}, context)).status == "ok"
        assert system.asked == [("open_ticket", "x")]
        await tools.settle(1)


def test_the_sdk_is_imported_only_for_an_agent_that_names_a_server() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from functions.tools.outside.mcp_tools import McpTools; import functions.tools.outside.wiring;"
        "sys.exit(any(name == 'mcp' or name.startswith('mcp.') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
