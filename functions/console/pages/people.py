"""Pages on who must not be called and on who calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from functions.console.api import Api
from functions.console.api.agents import AgentBody
from functions.console.api.suppressions import NewSuppressions
from functions.console.lists.list_error import ListError
from functions.console.operation import Paging, read_model
from functions.console.pages.page import asked, form_of, page, page_route, see, told
from functions.console.problem import Problem, list_problem
from shared.domain.record import plain
from shared.domain.suppression import SuppressionReason


class PeoplePages:
    """The pages."""

    def __init__(self, api: Api) -> None:
        self._suppressions = api.suppressions
        self._agents = api.agents
        self._notices = api.notices

    def routes(self) -> Sequence[BaseRoute]:
        """All of them."""
        return [
            page_route("/suppressions", self.suppressions),
            page_route("/suppressions", self.suppress, "POST"),
            page_route("/suppressions/{number_hash}/lift", self.lift, "POST"),
            page_route("/agents", self.agents),
            page_route("/agents/{agent_id}", self.agent),
            page_route("/agents/{agent_id}", self.write_agent, "POST"),
        ]

    async def suppressions(self, request: Request) -> Response:
        """The list, and a form to add to it."""
        return await self._suppressions_page(request)

    async def _suppressions_page(self, request: Request, problem: Problem | None = None, added: Any = None) -> Response:
        paging = read_model(Paging, {"cursor": request.query_params.get("cursor")}, "query")
        return page(
            "suppressions.html",
            problem.status if problem else 200,
            entries=await self._suppressions.all(asked(request, paging)),
            reasons=[str(one) for one in SuppressionReason],
            problem=told(problem) if problem else None,
            added=added,
        )

    async def suppress(self, request: Request) -> Response:
        """Add a number, or a file of them, and tell in which of its rows no number was read."""
        fields, file = await form_of(request)
        try:
            new = read_model(NewSuppressions, fields, "form")
            added: Any = await self._suppressions.add(asked(request, body=new, file=file))
        except (Problem, ListError) as error:
            problem = list_problem(error) if isinstance(error, ListError) else error
            return await self._suppressions_page(request, problem)
        if file is None and new.upload_id is None:
            return see("/suppressions")
        return await self._suppressions_page(request, added=added)

    async def lift(self, request: Request) -> Response:
        """Take a number off."""
        await self._suppressions.lift(asked(request))
        return see("/suppressions")

    async def agents(self, request: Request) -> Response:
        """Who there is."""
        return page("agents.html", agents=await self._agents.all(asked(request)), known=await self._notices.all())

    async def agent(self, request: Request) -> Response:
        """One of them, to be changed."""
        found: Any = await self._agents.one(asked(request))
        written: dict[str, Any] = plain(found.agent.model_dump(exclude_defaults=True))
        text = yaml.safe_dump(written, allow_unicode=True, sort_keys=False, width=100)
        return page("agent.html", agent=found, text=text, problem=None)

    async def write_agent(self, request: Request) -> Response:
        """Take what was changed; a mistake brings it back."""
        fields, _ = await form_of(request)
        text = fields.get("agent", "")
        found: Any = await self._agents.one(asked(request))
        try:
            body = read_model(AgentBody, _yaml(text), "agent")
            await self._agents.put(asked(request, body=body))
        except Problem as problem:
            return page("agent.html", problem.status, agent=found, text=text, problem=told(problem))
        return see(f"/agents/{request.path_params['agent_id']}")


def _yaml(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"Line {mark.line + 1}." if mark else ""
        raise Problem(422, "This is not YAML", f"Look at the indents and quotes. {line}".strip()) from None
