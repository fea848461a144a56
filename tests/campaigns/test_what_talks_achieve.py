"""What the network and the talk say of a number decides whether, when and in which language it is called again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from functions.campaigns.beat import beat
from functions.tools.tool import EndCall
from shared.domain.attempt import Attempt
from shared.domain.call_progress import achieved
from shared.domain.call_status import CallStatus
from shared.domain.contact import Contact, ContactState
from shared.domain.disposition import Disposition, Outcome, Talk
from shared.domain.refusal import Code
from shared.domain.suppression import SuppressionReason
from shared.store.suppressions import suppression_of
from shared.telephony.carrier import CallRefused, RefusalKind
from tests.campaigns.office import Office

pytestmark = pytest.mark.virtual_time


async def answered(office: Office) -> Attempt:
    """The office's one call, answered."""
    await beat(office.services)
    (attempt,) = office.attempts()
    await office.reported(attempt, office.carrier.calls[0].sid, CallStatus.IN_PROGRESS, 2)
    return attempt


async def over(office: Office, attempt: Attempt, talk: Talk, after_s: float) -> Contact:
    """The call ends so long after its answer, and detection heard a person; what becomes of the contact."""
    await office.detected(attempt, "human")
    await asyncio.sleep(after_s)
    await office.talked(attempt, talk)
    await office.reported(attempt, office.carrier.calls[0].sid, CallStatus.COMPLETED, 3, duration_s=round(after_s))
    (contact,) = office.contacts(attempt.campaign_id)
    return contact


@pytest.mark.parametrize(
    ("talk", "after_s", "outcome"),
    [
        (Talk(), 6, Outcome.HUNG_UP_EARLY),
        (Talk(caller_turns=1), 9, Outcome.HUNG_UP_EARLY),
        (Talk(caller_turns=1), 14, None),
        (Talk(caller_turns=1, answered_us=True), 9, None),
    ],
)
async def test_person_who_is_gone_within_seconds_has_hung_up_early_and_is_called_the_next_day(
    talk: Talk, after_s: float, outcome: Outcome | None
) -> None:
    office = Office()
    await office.campaign(contacts=1)
    contact = await over(office, await answered(office), talk, after_s)
    assert (contact.disposition, contact.outcome) == (Disposition.HUMAN, outcome)
    if outcome is None:
        assert contact.state is ContactState.DONE
    else:
        assert contact.due_at is not None
        assert contact.due_at.astimezone(office.start.tzinfo).date() == office.start.date() + timedelta(days=1)


async def ends(office: Office, attempt: Attempt, **arguments: Any) -> None:
    """The agent ends the call with its tool."""
    ran = await office.uses("end_call", attempt, arguments, last_words="नहीं, गलत नंबर है।")
    assert isinstance(ran.wish, EndCall)
    outcome = ran.wish.outcome
    assert outcome is not None
    await office.services.attempts.move(attempt.id, lambda one: achieved(one, outcome))


@pytest.mark.parametrize("reason", ["wrong_number", "deceased", "complaint"])
async def test_number_that_is_wrong_or_wants_no_calls_is_called_by_no_campaign_again(reason: str) -> None:
    office = Office()
    await office.campaign("one", contacts=1)
    attempt = await answered(office)
    await ends(office, attempt, reason=reason)
    contact = await over(office, attempt, Talk(caller_turns=2, answered_us=True), 20)
    assert (contact.state, str(contact.outcome)) == (ContactState.DONE, reason)
    entry = await suppression_of(office.store, contact.id)
    assert entry is not None
    assert (entry.reason, entry.expires_at, entry.source_campaign_id) == (reason, None, "one")
    assert entry.evidence is not None
    assert entry.evidence.words == "नहीं, गलत नंबर है।"
    await office.campaign("two", contacts=1)
    await beat(office.services)
    (other,) = office.contacts("two")
    assert (other.state, other.refusal) == (ContactState.SKIPPED, Code.SUPPRESSED)


@pytest.mark.parametrize(("language", "state"), [("en", ContactState.PENDING), ("ta", ContactState.DONE)])
async def test_person_who_speaks_another_language_is_called_in_it_if_the_agent_has_it(
    language: str, state: ContactState
) -> None:
    office = Office()
    await office.campaign(contacts=1)
    attempt = await answered(office)
    await ends(office, attempt, reason="language_barrier", language=language)
    contact = await over(office, attempt, Talk(caller_turns=2, answered_us=True), 20)
    assert (contact.state, contact.outcome) == (state, Outcome.LANGUAGE_SWITCH)
    assert contact.language == (language if state is ContactState.PENDING else None)


@pytest.mark.parametrize("told", ["when asked", "by the network"])
async def test_number_that_nobody_has_is_dialled_by_no_other_campaign_for_ninety_days(told: str) -> None:
    office = Office()
    await office.campaign("one", contacts=1)
    if told == "when asked":
        office.carrier.answers = [CallRefused(RefusalKind.BAD_NUMBER, code=21211)]
    await beat(office.services)
    (attempt,) = office.attempts()
    if told == "by the network":
        await office.reported(attempt, office.carrier.calls[0].sid, CallStatus.FAILED, 2, sip_code=404)
    await office.campaign("two", contacts=1)
    await beat(office.services)
    assert len(office.carrier.requests) == 1
    (other,) = office.contacts("two")
    entry = await suppression_of(office.store, other.id)
    assert entry is not None
    assert (entry.reason, entry.expires_at) == (SuppressionReason.INVALID, other.due_at)
    assert other.due_at is not None
    assert other.due_at - entry.at == timedelta(days=90)
