"""Tools that run apart from voice: over real HTTP, with an identity, once, and with an answer whatever goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
import uvicorn
from google.auth.compute_engine import _metadata as compute_engine_metadata
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from functions.tools.app import make_app
from functions.tools.builtin import BUILTIN
from functions.tools.elsewhere import AWAY, UNSENDABLE, Elsewhere, IdentityUnavailable, google_identity
from functions.tools.registry import Registry
from functions.tools.tool import Answer, Arguments, OptedOut, Result, Tool, ToolContext, Traits
from local.telephone_network.server import QuietServer, bind
from shared.domain.agent import Agent
from shared.identity import GOOGLE_ACCOUNT, Identified, Identity, Keys
from shared.store.agents import AgentBook
from tests.manual_clock import ManualClock
from tests.memory_store import MemoryStore
from tests.test_identity import Google
from tests.tools.customers_system import CALL, agent_with, answer, context_of, customers_system

VOICE = "voice-runtime@my-parley.iam.gserviceaccount.com"
AGENT = agent_with(tools=("take_message", "opt_out", "end_call"))


class Nothing(Arguments):
    """None."""


def slow_tool(ran: list[str]) -> Tool[Nothing]:
    async def run(_: Nothing, context: ToolContext) -> Answer:
        ran.append(context.caller)
        await asyncio.sleep(0.05)
        return Result(message="Done."), OptedOut()

    return Tool("slow", "Slow.", Nothing, run, Traits(timeout_s=8.0))


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    listener = bind(0)
    server = QuietServer(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await server.ready.wait()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        await serving
        listener.close()


def tools_function(store: MemoryStore, registry: Registry = BUILTIN) -> ASGIApp:
    return make_app(registry, AgentBook(store, {AGENT.id: AGENT}), store, ManualClock())


async def test_a_tool_runs_there_and_what_wants_the_call_itself_runs_here() -> None:
    store, here = MemoryStore(), MemoryStore()
    async with served(tools_function(store)) as url:
        tools = BUILTIN.running_at(Elsewhere(url, None))
        context = context_of(AGENT, store=here)
        outcome = await tools.run("take_message", {"message": "call me"}, context)
        assert outcome.status == "ok"
        assert [data["phone"] for path, (data, _) in store.documents.items() if path.startswith("messages/")] == [
            "+919800000001"
        ]
        assert [path for path in store.documents if path.startswith("announcements/message.left.")]
        assert not any(path.startswith("messages/") for path in here.documents)
        ended = await tools.run("end_call", {}, replace(context, idempotency_key=f"{CALL}:t2"))
        assert ended.wish is not None
        assert f"calls/{CALL}/tool_results/t2" in here.documents
        await tools.settle(1)


async def test_a_wish_comes_back_and_a_repeated_call_is_run_once() -> None:
    ran: list[str] = []
    registry = Registry([slow_tool(ran)])
    agent = agent_with(tools=("slow",))
    store = MemoryStore()
    app = make_app(registry, AgentBook(store, {agent.id: agent}), store, ManualClock())
    async with served(app) as url:
        tools = registry.running_at(Elsewhere(url, None))
        outcomes = await asyncio.gather(*(tools.run("slow", {}, context_of(agent)) for _ in range(2)))
        assert [one.status for one in outcomes] == ["ok", "ok"]
        assert outcomes[0].wish == OptedOut()
        assert ran == ["+919800000001"]
        await tools.settle(1)


async def test_nobody_but_voice_gets_in_and_voice_shows_who_it_is() -> None:
    google = Google(GOOGLE_ACCOUNT)
    store = MemoryStore()
    asked: list[str] = []

    async def token(audience: str) -> str:
        asked.append(audience)
        return google.token(aud=audience, email=VOICE)

    async def stranger(audience: str) -> str:
        return google.token(aud=audience, email="stranger@example.com")

    async def nobody(audience: str) -> str:
        raise IdentityUnavailable("no metadata server")

    async def late(scope: Any, receive: Any, send: Any) -> None:
        await guarded(scope, receive, send)

    async with served(late) as url:
        keys = Keys(GOOGLE_ACCOUNT.keys_url, google.fetch)
        guarded = Identified(tools_function(store), Identity(GOOGLE_ACCOUNT, url, emails=[VOICE], keys=keys))
        for identity, expected in ((token, "ok"), (stranger, "error"), (nobody, "error"), (None, "error")):
            tools = BUILTIN.running_at(Elsewhere(url, identity))
            outcome = await tools.run("take_message", {"message": "x"}, context_of(AGENT, f"of {expected}"))
            assert outcome.status == expected
            assert expected == "ok" or outcome.response["message"] == AWAY
            await tools.settle(1)
        assert asked == [url], "a token is used until it is about to run out"


async def test_the_token_comes_from_googles_metadata_server(monkeypatch: pytest.MonkeyPatch) -> None:
    google = Google(GOOGLE_ACCOUNT)
    flavour = {"Metadata-Flavor": "Google"}

    async def metadata(request: Request) -> Response:
        if request.url.path.endswith("/identity"):
            token = google.token(aud=request.query_params["audience"], email=VOICE)
            return PlainTextResponse(token, headers=flavour)
        return JSONResponse({"email": VOICE, "scopes": [], "aliases": ["default"]}, headers=flavour)

    async with served(Starlette(routes=[Route("/{path:path}", metadata)])) as url:
        host = url.removeprefix("http://")
        monkeypatch.setenv("GCE_METADATA_IP", host)
        # google-auth reads GCE_METADATA_HOST once, when it is imported, which may have been long ago.
        monkeypatch.setattr(compute_engine_metadata, "_GCE_METADATA_HOST", host)
        token = await google_identity("https://tools.example.com")
    keys = Keys(GOOGLE_ACCOUNT.keys_url, google.fetch)
    door = Identity(GOOGLE_ACCOUNT, "https://tools.example.com", emails=[VOICE], keys=keys)
    assert await door.of({"authorization": f"Bearer {token}"}) == VOICE


@pytest.mark.parametrize("trouble", [b"hang up", answer(503), answer(500)])
async def test_a_request_that_got_lost_is_sent_again(trouble: bytes) -> None:
    good = b'{"status": "ok", "response": {"status": "ok", "message": "Done."}}'
    async with customers_system(trouble, answer(200, good)) as system:
        tools = BUILTIN.running_at(Elsewhere(f"http://127.0.0.1:{system.port}", None))
        outcome = await tools.run("take_message", {"message": "x"}, context_of(AGENT))
        assert (outcome.status, len(system.asked)) == ("ok", 2)
        await tools.settle(1)


@pytest.mark.parametrize("said", [answer(404), answer(422), answer(200, b"[]"), answer(200, b"{}"), b"hang up"])
async def test_whatever_comes_back_the_model_hears_what_to_do(said: bytes) -> None:
    async with customers_system(said) as system:
        tools = BUILTIN.running_at(Elsewhere(f"http://127.0.0.1:{system.port}", None))
        outcome = await tools.run("take_message", {"message": "x"}, context_of(AGENT))
        assert (outcome.status, outcome.response["message"]) == ("error", AWAY)
        await tools.settle(1)


@pytest.mark.parametrize("odd", [2**70, "\ud800", [{"deep": -(2**64)}]])
async def test_arguments_that_cannot_be_sent_are_answered(odd: object) -> None:
    outcome = await Elsewhere("http://127.0.0.1:9", None).run("slow", {"odd": odd}, context_of(AGENT), 1.0)
    assert (outcome.status, outcome.response["message"]) == ("error", UNSENDABLE)


async def test_the_door_lists_what_an_agent_may_call_and_refuses_what_is_not_right() -> None:
    store = MemoryStore()
    agent: Agent = agent_with(
        {"name": "order_status", "description": "O.", "url": "https://example.com/o"}, tools=("end_call",)
    )
    app = make_app(BUILTIN, AgentBook(store, {agent.id: agent}), store, ManualClock())
    body = {"call_sid": CALL, "tool_call_id": "t1", "agent_id": "shop"}
    async with served(app) as url, aiohttp.ClientSession(url) as client:
        async with client.get("/tools", params={"agent": "shop"}) as listed:
            assert [tool["name"] for tool in (await listed.json())["tools"]] == ["end_call"]
        async with client.get("/tools", params={"agent": "nobody"}) as unknown:
            assert unknown.status == 404
        for path, sent, status in (
            ("/tools/end_call", {**body, "agent_id": "nobody"}, 404),
            ("/tools/nothing", body, 404),
            ("/tools/end_call", {**body, "colour": "red"}, 422),
            ("/tools/end_call", [], 422),
            ("/tools/end_call", body, 200),
            ("/tools/take_message", body, 200),
        ):
            async with client.post(path, json=sent) as got:
                assert got.status == status, (path, sent)
                if path == "/tools/take_message":
                    assert (await got.json())["status"] == "refused", "the agent does not have it"
