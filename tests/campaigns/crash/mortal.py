"""A store and a carrier that kill their own process (SIGKILL) at the n-th thing asked of them, before or after."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from shared.store.store import Data, Document, OrderBy, Page, Remove, Store, Value, Version, Where, Write
from shared.telephony.carrier import CallRequest, Carrier, CarrierCall


class Death:
    """Comes at the n-th step; never when n is 0."""

    def __init__(self, at: int, when: Literal["before", "after"]) -> None:
        self._at = at
        self._when = when
        self._steps = 0

    def before(self) -> None:
        """A step is about to be taken."""
        self._steps += 1
        self._come("before")

    def after(self) -> None:
        """It has been taken."""
        self._come("after")

    def _come(self, when: str) -> None:
        if self._steps == self._at and when == self._when:
            os.kill(os.getpid(), signal.SIGKILL)


class MortalStore:
    """Reads are free; every write is a step."""

    def __init__(self, store: Store, death: Death) -> None:
        self._store = store
        self._death = death

    async def get(self, path: str) -> Document | None:
        return await self._store.get(path)

    async def create(self, path: str, data: Data) -> Document:
        self._death.before()
        document = await self._store.create(path, data)
        self._death.after()
        return document

    async def update(
        self, path: str, changes: Mapping[str, Value | Remove], *, expected: Version | None = None
    ) -> Document:
        self._death.before()
        document = await self._store.update(path, changes, expected=expected)
        self._death.after()
        return document

    async def query(
        self,
        collection: str,
        where: Sequence[Where] = (),
        *,
        order_by: Sequence[OrderBy] = (),
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        return await self._store.query(collection, where, order_by=order_by, limit=limit, cursor=cursor)

    async def count(self, collection: str, where: Sequence[Where] = ()) -> int:
        return await self._store.count(collection, where)

    async def batch(self, writes: Sequence[Write]) -> None:
        self._death.before()
        await self._store.batch(writes)
        self._death.after()

    async def close(self) -> None:
        await self._store.close()


class MortalCarrier:
    """Every request to place a call is a step."""

    def __init__(self, carrier: Carrier, death: Death) -> None:
        self._carrier = carrier
        self._death = death

    async def place_call(self, request: CallRequest) -> CarrierCall:
        self._death.before()
        call = await self._carrier.place_call(request)
        self._death.after()
        return call

    async def fetch_call(self, sid: str) -> CarrierCall | None:
        return await self._carrier.fetch_call(sid)

    async def list_calls(
        self, *, from_: str, to: str | None = None, created_after: datetime, created_before: datetime | None = None
    ) -> Sequence[CarrierCall]:
        return await self._carrier.list_calls(
            from_=from_, to=to, created_after=created_after, created_before=created_before
        )

    async def end_call(self, sid: str) -> None:
        await self._carrier.end_call(sid)

    async def redirect_call(self, sid: str, twiml: str) -> None:
        await self._carrier.redirect_call(sid, twiml)

    async def close(self) -> None:
        await self._carrier.close()
