"""Which agent answers which of our numbers."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from functions.console.operation import Answer, Asked, Operation, Paging, page_of
from functions.console.problem import Problem
from functions.console.services import ConsoleServices
from shared.domain.agent import AgentId
from shared.domain.nearest import nearest
from shared.domain.phone_number import PhoneNumber, read_number
from shared.store.agents import AgentVersions
from shared.store.store import Put


class NumberBody(BaseModel):
    """Who is to answer."""

    model_config = ConfigDict(extra="forbid")

    agent_id: AgentId


class Number(Answer):
    """A number of ours, E.164, and who answers it. One that is not listed is answered by `reception`."""

    number: str
    agent_id: str


class Numbers(Answer):
    """The numbers that have an agent of their own."""

    numbers: list[Number]
    next: str | None = None


class NumbersApi:
    """The operations on numbers."""

    def __init__(self, services: ConsoleServices) -> None:
        self._store = services.store
        self._versions = AgentVersions(services.store, services.shipped)

    def operations(self) -> list[Operation]:
        """All of them."""
        return [
            Operation("GET", "/api/numbers", "The numbers with an agent of their own", self.all, Numbers, query=Paging),
            Operation("PUT", "/api/numbers/{number}", "Say who answers a number", self.put, Number, body=NumberBody),
        ]

    async def all(self, asked: Asked) -> BaseModel:
        """By number."""
        paging: Paging = asked.query.checked()
        page = await page_of(self._store.query("numbers", limit=paging.page_size, cursor=paging.cursor))
        return Numbers(
            numbers=[Number(number=f"+{one.id}", agent_id=str(one.data["agent_id"])) for one in page.documents],
            next=page.next,
        )

    async def put(self, asked: Asked) -> BaseModel:
        """From the next call on."""
        body: NumberBody = asked.body
        read = read_number(asked["number"], None)
        if not isinstance(read, PhoneNumber):
            raise Problem(422, read.sentence, read.fix, field="number")
        agents = await self._versions.all()
        if body.agent_id not in agents:
            like = nearest(body.agent_id, agents)
            meant = f"Did you mean {like}?" if like else "GET /api/agents tells them."
            raise Problem(422, "There is no such agent", meant, field="agent_id")
        await self._store.batch([Put(f"numbers/{read.e164[1:]}", {"agent_id": body.agent_id})])
        return Number(number=read.e164, agent_id=body.agent_id)
