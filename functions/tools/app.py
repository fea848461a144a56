"""The tools function's routes: the same registry as in a call, for other callers."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from functions.tools.registry import Registry, UnknownTool
from functions.tools.tool import ToolContext
from shared.clock import Clock
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
    caller: str = ""
    language: str | None = None


def make_app(registry: Registry, agents: AgentBook, store: Store, clock: Clock) -> Starlette:
    """The function as an ASGI app."""

    async def tools(_: Request) -> Response:
        shared = map(registry.get, registry.names)
        listed = [
            {"name": tool.name, "description": tool.description, "parameters": tool.parameters()} for tool in shared
        ]
        return JSONResponse({"tools": listed})

    async def run(request: Request) -> Response:
        name = request.path_params["name"]
        try:
            registry.get(name)
            wanted = ToolRequest.model_validate(json.loads(await request.body()))
            agent = await agents.get(wanted.agent_id)
        except (UnknownTool, UnknownAgent) as error:
            return JSONResponse({"status": 404, "title": str(error)}, 404, media_type="application/problem+json")
        except (ValidationError, ValueError) as error:
            problem = {"status": 422, "title": "The request is not right", "detail": type(error).__name__}
            if isinstance(error, ValidationError):
                problem["errors"] = error.errors(include_url=False, include_input=False, include_context=False)
            return JSONResponse(problem, 422, media_type="application/problem+json")
        context = ToolContext(
            call_sid=wanted.call_sid,
            agent=agent,
            caller=wanted.caller,
            idempotency_key=f"{wanted.call_sid}:{wanted.tool_call_id}",
            clock=clock,
            store=store,
            language=wanted.language,
        )
        outcome = await registry.run(name, wanted.arguments, context)
        return JSONResponse({"status": outcome.status, "response": outcome.response})

    return Starlette(
        routes=[
            health_route("tools"),
            Route("/tools", tools, methods=["GET"]),
            Route("/tools/{name:str}", run, methods=["POST"]),
        ]
    )
