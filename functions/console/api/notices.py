"""What to know now of speech models: those that are replaced, avoided or out of quota, and the sessions in use."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from functions.console.operation import Answer, Asked, Operation
from functions.console.services import ConsoleServices
from shared.store.live_sessions import sessions_in_use
from shared.store.notices import NoticeKind, read_notices


class NoticeAnswer(Answer):
    """One thing to know."""

    kind: NoticeKind
    subject: str
    """An agent, or a place as "platform/region/model"."""
    sentence: str
    until: datetime
    """It holds until then, unless the reason is seen again."""


class RegionAnswer(Answer):
    """Sessions of speech models that are open now, over all instances."""

    region: str
    inbound: int
    outbound: int


class Notices(Answer):
    """All that hold now, and the sessions in use by region."""

    notices: list[NoticeAnswer]
    sessions: list[RegionAnswer]


class NoticesApi:
    """The one operation."""

    def __init__(self, services: ConsoleServices) -> None:
        self._services = services

    def operations(self) -> list[Operation]:
        """All of them."""
        return [Operation("GET", "/api/notices", "What to know now of speech models", self.all, Notices)]

    async def all(self, asked: Asked | None = None) -> BaseModel:
        """Read from what the voice instances have left."""
        del asked
        now = self._services.clock.now()
        notices = await read_notices(self._services.store, now)
        in_use = await sessions_in_use(self._services.store, now)
        return Notices(
            notices=[
                NoticeAnswer(kind=one.kind, subject=one.subject, sentence=one.sentence, until=one.until)
                for one in notices
            ],
            sessions=[
                RegionAnswer(region=region, inbound=used.inbound, outbound=used.outbound)
                for region, used in sorted(in_use.items())
            ],
        )
