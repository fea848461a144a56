"""A console for tests: the whole app over each store, spoken to over HTTP; every answer is held to the document."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest_asyncio

from functions.console.app import make_app
from functions.console.services import ConsoleServices, LivePace
from shared.domain.phone_number import NumberHash
from shared.store.store import Store
from tests.console.described import Described
from tests.manual_clock import MONDAY_MORNING, ManualClock

HASH_NUMBER = NumberHash(b"a key for tests")
INDIAN_LIST = """Name,Mobile,City,Consent
Asha,98765 43210,Pune,yes
Ravi,+919811122233,Delhi,हाँ
Asha again,09876543210,Pune,yes
Nobody,12345,Agra,yes
Unasked,9822233344,Nagpur,
"""


class Console:
    """A marketer's program."""

    def __init__(self, store: Store, **changes: Any) -> None:
        self.store = store
        self.clock = ManualClock(MONDAY_MORNING + timedelta(minutes=30))
        pace = LivePace(look_every_s=0.02, comment_every_s=0.05, lasts_s=0.3)
        self.services = replace(ConsoleServices(store, self.clock, HASH_NUMBER, live=pace), **changes)
        self.app = make_app(self.services)
        self.described = Described(self.app.state.operations)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False), base_url="http://127.0.0.1:8080"
        )

    async def asks(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A request whose answer must be one that the OpenAPI document announces."""
        answer = await self.http.request(method, path, **more)
        self.described.check(method, path.partition("?")[0], answer)
        return answer

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON of a page that is there."""
        answer = await self.asks("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def does(self, method: str, path: str, body: Any = None, expect: int = 200) -> Any:
        """A JSON request that ends so."""
        answer = await self.asks(method, path, json=body)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def uploads(
        self, content: str | bytes, filename: str = "people.csv", expect: int = 202, **fields: Any
    ) -> Any:
        """Upload a list; Indian and for marketing unless said."""
        data = content.encode() if isinstance(content, str) else content
        answer = await self.asks(
            "POST", "/api/lists", files={"file": (filename, data)}, data={"country": "IN", **fields}
        )
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def has_read(self, list_id: str) -> Any:
        """The account of a list, once it has been read."""
        account = await self.get(f"/api/lists/{list_id}", wait_s=15)
        assert account["status"] != "reading"
        return account

    async def a_list(self, content: str = INDIAN_LIST, **fields: Any) -> str:
        """A list that is ready."""
        list_id = str((await self.uploads(content, **fields))["list_id"])
        assert (await self.has_read(list_id))["status"] == "ready"
        return list_id

    async def a_campaign(self, list_id: str, /, expect: int = 201, **more: Any) -> Any:
        """A draft for the agent that ships."""
        body = {"name": "Diwali", "agent_id": "renewal", "list_id": list_id, **more}
        return await self.does("POST", "/api/campaigns", body, expect)

    async def close(self) -> None:
        """Hang up."""
        await self.app.state.desk.close()
        await self.http.aclose()


@pytest_asyncio.fixture
async def console(store: Store) -> AsyncIterator[Console]:
    """The console, on every store in turn."""
    opened = Console(store)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def laptop(sqlite_store: Store) -> AsyncIterator[Console]:
    """The console on a laptop, for what no database changes."""
    opened = Console(sqlite_store)
    yield opened
    await opened.close()
