"""The carrier's answer to a request comes after others have moved its attempt: one attempt's matter, and no other's."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from functions.campaigns.beat import beat
from functions.campaigns.claiming import Claimed, try_to_claim
from functions.campaigns.dialing import dial
from shared.domain.attempt import AttemptState
from shared.domain.call_progress import accept
from shared.telephony.carrier import (
    CallRefused,
    CallRequest,
    CarrierBusy,
    CarrierCall,
    CarrierError,
    CarrierUnreachable,
    OutcomeUnknown,
    RefusalKind,
)
from tests.campaigns.office import Office
from tests.campaigns.paper_carrier import PaperCarrier

pytestmark = pytest.mark.virtual_time

LATE_S = 45.0
"""Longer than a claim is good for, so the sweeper has begun to look for the call."""


@dataclass
class SlowCarrier(PaperCarrier):
    """Answers the first request late, and the others at once."""

    late_answer: CarrierError = field(default_factory=CarrierBusy)

    async def place_call(self, request: CallRequest) -> CarrierCall:
        if self.requests:
            return await super().place_call(request)
        self.requests.append(request)
        await asyncio.sleep(LATE_S)
        raise self.late_answer


@pytest.mark.parametrize(
    "answer",
    [
        CarrierBusy(),
        CarrierUnreachable(),
        CallRefused(RefusalKind.BAD_NUMBER, code=21211),
        CallRefused(RefusalKind.CAPACITY, code=20003),
        OutcomeUnknown(),
    ],
    ids=lambda answer: type(answer).__name__,
)
async def test_late_answer_concerns_nobody_but_its_own_attempt(answer: CarrierError) -> None:
    office = Office()
    office.services = office.serving(SlowCarrier(office.clock, late_answer=answer))
    await office.campaign(contacts=12)
    done = await beat(office.services)
    assert done.dialled >= 11
    first, *others = sorted(office.attempts(), key=lambda one: one.sent_at or one.created_at)
    assert first.state in {AttemptState.UNKNOWN, AttemptState.LOST}
    assert {one.state for one in others} == {AttemptState.ACCEPTED}


async def test_second_call_that_cannot_be_taken_back_stops_nothing() -> None:
    office = Office()

    @dataclass
    class Deaf(PaperCarrier):
        async def place_call(self, request: CallRequest) -> CarrierCall:
            (attempt,) = office.attempts()
            await office.services.attempts.move(attempt.id, lambda one: accept(one, "CA0"))
            return await super().place_call(request)

        async def end_call(self, sid: str) -> None:
            raise CarrierUnreachable

    office.services = office.serving(Deaf(office.clock))
    campaign = await office.campaign(contacts=1)
    (contact,) = office.contacts()
    document = await office.store.get(f"campaigns/diwali/contacts/{contact.id}")
    assert document is not None
    claimed = await try_to_claim(office.services, campaign, document, 1, 0.0)
    assert isinstance(claimed, Claimed)
    assert await dial(office.services, claimed) is None
    assert [one.sid for one in office.attempts()] == ["CA0"]
