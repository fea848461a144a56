"""The tools function's routes: the same registry as in a call, for other callers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from functions.tools.declaration import Declaration
from functions.tools.outcome import wish_to_document
from functions.tools.registry import Registry, UnknownTool
from functions.tools.tool import ToolContext
from shared.clock import Clock
from shared.domain.agent import Agent
from shared.health import health_route
from shared.store.agents import AgentBook, UnknownAgent
from shared.store.store import Store


class ToolRequest(BaseModel):
    """A tool to run for a call."""

    model_config = ConfigDict(extra="forbid")

    arguments: dict[str, Any] = {}
    call_sid: str = Field(min_length=1, max_length=64)
    tool_call_id: str = Field(min_length=1, max_length=128)
    agent_id: str
    agent_version: int | None = None
    caller: str = Field(default="", max_length=64)
    number_hash: str = Field(default="", max_length=128)
    attempt_id: str | None = None
    campaign_id: str | None = None
    language: str | None = None
    last_words: str = Field(default="", max_length=10_000)
    at_ms: int | None = None
    agents_so_far: tuple[str, ...] = ()
    facts: frozenset[str] = frozenset()

    def context(self, agent: Agent, store: Store, clock: Clock) -> ToolContext:
        """The call, as a tool sees it from here."""
        return ToolContext(
            call_sid=self.call_sid,
            agent=agent,
            caller=self.caller,
            idempotency_key=f"{self.call_sid}:{self.tool_call_id}",
            clock=clock,
            store=store,
            number_hash=self.number_hash,
            attempt_id=self.attempt_id,
            campaign_id=self.campaign_id,
            language=self.language,
            last_words=self.last_words,
            at_ms=self.at_ms,
            agents_so_far=self.agents_so_far,
            facts=self.facts,
        )


def _problem(status: int, title: str, **more: Any) -> JSONResponse:
    return JSONResponse({"status": status, "title": title, **more}, status, media_type="application/problem+json")


def _shared(registry: Registry) -> list[Declaration]:
    tools = map(registry.get, registry.names)
    return [Declaration(tool.name, tool.description, tool.parameters()) for tool in tools]


def make_app(registry: Registry, agents: AgentBook, store: Store, clock: Clock) -> Starlette:
    """The function as an ASGI app."""

    async def tools(request: Request) -> Response:
        """All tools, or with ?agent=ID those of this agent, as its sessions are told of them."""
        agent_id = request.query_params.get("agent")
        try:
            listed = _shared(registry) if agent_id is None else registry.declared(await agents.get(agent_id))
        except (UnknownTool, UnknownAgent) as error:
            return _problem(404, str(error))
        return JSONResponse({"tools": [asdict(declaration) for declaration in listed]})

    async def run(request: Request) -> Response:
        name = request.path_params["name"]
        try:
            wanted = ToolRequest.model_validate(json.loads(await request.body()))
            agent = await agents.version(wanted.agent_id, wanted.agent_version)
            if name not in registry.names and name not in registry.tools_of(agent):
                registry.get(name)
        except (UnknownTool, UnknownAgent) as error:
            return _problem(404, str(error))
        except (ValidationError, ValueError) as error:
            if name not in registry.names:
                return _problem(404, "there is no such tool")
            errors = []
            if isinstance(error, ValidationError):
                errors = error.errors(include_url=False, include_input=False, include_context=False)
            return _problem(422, "The request is not right", errors=errors)
        context = wanted.context(agent, store, clock)
        # Whoever asked may go away; what was begun is done and kept.
        outcome = await asyncio.shield(registry.start(name, wanted.arguments, context))
        return JSONResponse(
            {
                "status": outcome.status,
                "response": outcome.response,
                "wish": wish_to_document(outcome.wish),
                "repeated": outcome.repeated,
                "keeps_secret": outcome.keeps_secret,
            }
        )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await registry.settle(5.0)

    return Starlette(
        lifespan=lifespan,
        routes=[
            health_route("tools"),
            Route("/tools", tools, methods=["GET"]),
            Route("/tools/{name:str}", run, methods=["POST"]),
        ],
    )
