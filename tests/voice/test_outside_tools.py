"""A call whose agent brings tools of its own: a request to the customer's system, and an MCP server."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from functions.tools.builtin import BUILTIN
from functions.tools.outside.http_tool import Door, HttpTools
from functions.tools.outside.mcp_link import IDLE_S
from functions.tools.outside.mcp_tools import McpTools
from functions.tools.outside.secret_headers import SecretHeaders
from functions.tools.registry import Registry
from functions.voice.app import make_app
from functions.voice.speech.model import ToolCall
from shared.domain.agent_tools import HttpTool, McpServer
from shared.http_guard import Guard
from tests.tools.customers_system import answer, customers_system
from tests.tools.mcp_server import mcp_server
from tests.voice.phone import Phone, token_in
from tests.voice.test_calls import TARA, house

pytestmark = pytest.mark.virtual_time


def with_outside() -> Registry:
    guard, secrets = Guard(private_hosts=["127.0.0.1"]), SecretHeaders(lambda named: dict.fromkeys(named, "x"))
    return BUILTIN.with_sources(HttpTools(Door.open(guard, secrets)), McpTools(guard, secrets))


async def test_a_caller_is_helped_by_tools_that_only_the_document_describes() -> None:
    async with customers_system(answer(200, b'{"state": "shipped"}')) as system, mcp_server() as crm:
        url = f"http://127.0.0.1:{system.port}/orders/{{number}}"
        parameters = {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]}
        order = HttpTool(name="order_status", description="Where it is.", url=url, parameters=parameters)
        server = McpServer(name="crm", url=crm.url, tools=("find_customer",))
        agent = TARA.model_copy(update={"http_tools": (order,), "mcp_servers": (server,)})
        async with house(agent) as plain:
            services = replace(plain.services, tools=with_outside())
            home = replace(plain, services=services, app=make_app(services))
            phone = Phone(home.app)
            call = asyncio.create_task(phone.stream(await phone.dial()))
            session = await home.model.session()
            await session.is_told()
            assert [tool.name for tool in session.setup.tools][-2:] == ["order_status", "find_customer"]
            session.sends(ToolCall("o1", "order_status", {"number": "7"}))
            await session.is_told()
            session.sends(ToolCall("c1", "find_customer", {"number": 7}))
            await session.is_told()
            told = [one.response["answer"] for one in session.answers]
            assert told == [{"state": "shipped"}, {"name": "Meera", "number": 7}]
            phone.hang_up()
            await call
            stored = {one["name"]: one["status"] for one in home.part("tool_results")}
            assert stored == {"order_status": "ok", "find_customer": "ok"}
            asked = len(crm.methods)
            await asyncio.sleep(300)
            assert len(crm.methods) == asked, "the session ended with the call"
            await services.tools.settle(1)


async def test_a_session_outlives_a_lost_socket_and_not_a_call_that_went_elsewhere() -> None:
    async with mcp_server() as crm:
        server = McpServer(name="crm", url=crm.url, tools=("find_customer",))
        async with house(TARA.model_copy(update={"mcp_servers": (server,)})) as plain:
            mcp = McpTools(Guard(private_hosts=["127.0.0.1"]), SecretHeaders(dict))
            services = replace(plain.services, tools=BUILTIN.with_sources(mcp))
            home = replace(plain, services=services, app=make_app(services))
            phone = Phone(home.app)
            call = asyncio.create_task(phone.stream(await phone.dial()))
            session = await home.model.session()
            await session.is_told()
            phone.drop()
            await call
            asked = len(crm.methods)
            again = await phone.post("/voice/after")
            call = asyncio.create_task(phone.stream(token_in(again.text)))
            second = await home.model.session(2)
            await second.is_told()
            second.sends(ToolCall("c1", "find_customer", {"number": 7}))
            await second.is_told()
            assert second.answers[0].response["status"] == "ok"
            assert len(crm.methods) == asked + 1, "on the session that was open already"
            phone.drop()
            await call
            await asyncio.sleep(IDLE_S * 2)
            assert [link for link in mcp.links if not link.is_over] == []
            await services.tools.settle(1)


async def test_a_server_that_is_away_delays_nobody_for_long() -> None:
    server = McpServer(name="crm", url="http://127.0.0.1:9/mcp", tools=("find_customer",))
    async with house(TARA.model_copy(update={"mcp_servers": (server,)})) as plain:
        services = replace(plain.services, tools=with_outside())
        home = replace(plain, services=services, app=make_app(services))
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.sends(ToolCall("c1", "find_customer", {"number": 7}))
        await session.is_told()
        assert session.answers[0].response["status"] == "error"
        session.says("It does not work right now.", 600)
        await asyncio.sleep(1)
        phone.hang_up()
        await call
        assert phone.played_ms >= 600
        await services.tools.settle(1)
