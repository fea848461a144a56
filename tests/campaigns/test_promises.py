"""Callbacks that people ask for on the phone: promised only when they will be made, and made."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.campaigns.beat import beat
from functions.tools.outcome import ToolOutcome
from functions.tools.tool import CallbackPromised
from shared.domain.attempt import Attempt
from shared.domain.call_progress import achieved
from shared.domain.call_status import CallStatus
from shared.domain.calling_rules import Purpose
from shared.domain.contact import Contact, ContactState, DueReason
from shared.domain.disposition import Outcome, Talk
from shared.domain.suppression import Suppression, SuppressionReason
from shared.store.suppressions import suppress
from shared.store.tallies import tally_of
from tests.campaigns.office import Office

pytestmark = pytest.mark.virtual_time

TOMORROW_AT_FIVE = "2026-11-24T17:00"


async def talking(**changes: Any) -> tuple[Office, Attempt]:
    """A campaign's one call, in which a person asks to be called again."""
    office = Office()
    await office.campaign(contacts=1, **{"purpose": Purpose.SERVICE, **changes})
    await beat(office.services)
    (attempt,) = office.attempts()
    await office.reported(attempt, office.carrier.calls[0].sid, CallStatus.IN_PROGRESS, 2)
    return office, attempt


async def asks(office: Office, attempt: Attempt, **arguments: str) -> ToolOutcome:
    """The agent's tool, called with the time that the person named."""
    return await office.uses("schedule_callback", attempt, arguments or {"at": TOMORROW_AT_FIVE})


async def over(office: Office, attempt: Attempt, ran: ToolOutcome) -> Contact:
    """The call ends; what becomes of its contact."""
    if isinstance(ran.wish, CallbackPromised):
        await office.services.attempts.move(attempt.id, lambda one: achieved(one, Outcome.CALLBACK_SCHEDULED))
    await office.talked(attempt, Talk(caller_turns=3, answered_us=True))
    await office.reported(attempt, attempt.sid or office.carrier.calls[0].sid, CallStatus.COMPLETED, 3, duration_s=40)
    (contact,) = office.contacts()
    return contact


async def test_callback_is_promised_and_made_at_that_time() -> None:
    office, attempt = await talking()
    ran = await asks(office, attempt)
    assert ran.response["at"] == "2026-11-24T17:00:00+05:30"
    contact = await over(office, attempt, ran)
    assert (contact.state, contact.due_reason) == (ContactState.PENDING, DueReason.CALLBACK)
    await asyncio.sleep((datetime.fromisoformat(ran.response["at"]) - office.clock.now()).total_seconds() + 1)
    assert (await beat(office.services)).dialled == 1


@pytest.mark.parametrize(
    ("campaign", "why"),
    [
        ({"retry": {"max_attempts": 1}}, "has had its one attempt"),
        ({"ends_at": datetime.fromisoformat("2026-11-23T20:00:00+05:30")}, "end"),
    ],
)
async def test_callback_that_will_not_be_made_is_not_promised_and_the_agent_hears_why(
    campaign: dict[str, Any], why: str
) -> None:
    office, attempt = await talking(**campaign)
    ran = await asks(office, attempt)
    assert (ran.status, ran.wish) == ("error", None)
    assert why in ran.response["message"]
    contact = await over(office, attempt, ran)
    assert (contact.state, contact.outcome) == (ContactState.DONE, None)


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("kal shaam 5 baje", "2026-11-24T17:00:00"),
        ("raat 11 baje", "2026-11-24T09:01:30"),
        ("kal subah 8 baje", "2026-11-24T09:01:30"),
        ("aaj raat 9 baje", "2026-11-24T09:01:30"),
    ],
)
async def test_agent_is_told_the_real_time_where_the_law_wants_a_later_one(said: str, at: str) -> None:
    office, attempt = await talking()
    ran = await asks(office, attempt, words=said)
    assert ran.response["at"] == f"{at}+05:30"
    assert ("later" in ran.response["message"]) is (said != "kal shaam 5 baje")
    contact = await over(office, attempt, ran)
    assert contact.due_at == datetime.fromisoformat(ran.response["at"])


async def test_caps_of_the_law_move_a_promise_by_days_and_the_agent_says_so() -> None:
    office, attempt = await talking(retry={"max_attempts": 10})
    for ago in (1, 2):
        await office.store.create(
            f"attempts/other{ago}",
            {
                "id": f"other{ago}", "campaign_id": "other", "contact_id": attempt.contact_id, "attempt_no": 1,
                "state": "done", "disposition": "no_answer", "is_open": False, "settled": True,
                "created_at": office.clock.now() - timedelta(days=ago),
            },
        )  # fmt: skip
    ran = await asks(office, attempt)
    assert ran.response["at"].startswith("2026-11-28"), "three calls within seven days are enough"
    contact = await over(office, attempt, ran)
    assert contact.due_at == datetime.fromisoformat(ran.response["at"])


async def test_promise_that_an_opt_out_or_a_suppression_breaks_is_not_counted_as_a_callback() -> None:
    office, attempt = await talking()
    ran = await asks(office, attempt)
    entry = Suppression(id=attempt.contact_id, reason=SuppressionReason.MANUAL, at=office.clock.now())
    await suppress(office.store, entry)
    contact = await over(office, attempt, ran)
    assert (contact.state, contact.outcome) == (ContactState.DONE, Outcome.INCONCLUSIVE)
    assert (await tally_of(office.store, "diwali")).outcomes == {str(Outcome.INCONCLUSIVE): 1}


async def test_attempts_are_counted_however_long_ago_they_were() -> None:
    office = Office()
    await office.campaign(contacts=1, purpose=Purpose.SERVICE, retry={"max_attempts": 2})
    await beat(office.services)
    (attempt,) = office.attempts()
    await office.reported(attempt, office.carrier.calls[0].sid, CallStatus.NO_ANSWER, 2)
    (contact,) = office.contacts()
    assert (contact.state, contact.counted) == (ContactState.PENDING, 1)
    await asyncio.sleep(timedelta(days=40).total_seconds())
    await beat(office.services)
    assert len(office.carrier.requests) == 2
    await office.reported(office.attempts()[1], office.carrier.calls[1].sid, CallStatus.NO_ANSWER, 2)
    (contact,) = office.contacts()
    assert (contact.state, contact.counted) == (ContactState.DONE, 2)
