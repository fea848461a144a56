"""The sweeper: finds out what became of attempts that went quiet, and closes them; none is sent again blindly.

A request without an answer may be ringing somewhere. First its webhooks are waited for (they carry the attempt's id),
then the carrier's list of calls is looked at, twice, because it may lag; only then is the attempt lost. A call that
the carrier took and knows nothing of any more is closed once it must be over.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from functions.campaigns.services import CampaignServices
from shared.domain.attempt import Attempt, AttemptEvent, AttemptState, IllegalEvent, give_up
from shared.domain.attempt_check import FIRST_LOOK, RING_MARGIN, SECOND_LOOK
from shared.domain.call_progress import Report, accept, fold
from shared.domain.call_status import CallStatus
from shared.domain.campaign import LONGEST_RING_S
from shared.domain.contact import Contact, contact_path
from shared.store.store import Conflict, NotFound, StoreError, Where
from shared.telephony.carrier import LONGEST_CALL_S, CarrierCall, CarrierError

log = logging.getLogger(__name__)

MOST_PER_SWEEP = 500
SENT_MARGIN = timedelta(seconds=5)
"""Between our clock and the carrier's."""


async def sweep(services: CampaignServices) -> int:
    """Look after every attempt that is due for it; how many there were."""
    looked_at = 0
    for document in await services.attempts.due_for_a_look(services.clock.now(), MOST_PER_SWEEP):
        looked_at += 1
        try:
            await _look(services, Attempt.from_document(document.data))
        except (IllegalEvent, Conflict, NotFound):
            log.info("attempt moved while it was looked after", extra={"attempt": document.id})
        except (CarrierError, StoreError) as error:
            log.warning(
                "attempt could not be looked after", extra={"attempt": document.id, "error": type(error).__name__}
            )
    return looked_at


async def _look(services: CampaignServices, attempt: Attempt) -> None:
    match attempt.state:
        case AttemptState.CLAIMED:
            # The intent to send is written before the request, so nothing was sent.
            await services.attempts.move(attempt.id, _released_unsent)
            await services.settlement.settle(attempt.id)
        case AttemptState.DIALING:
            await services.attempts.move(attempt.id, lambda one: one.advanced(AttemptEvent.LOSE_TRACK))
        case AttemptState.UNKNOWN:
            await _find(services, attempt)
        case AttemptState.ACCEPTED | AttemptState.RINGING | AttemptState.IN_PROGRESS:
            await ask_carrier(services, attempt)
        case _:
            if not await services.settlement.settle(attempt.id):
                await services.attempts.note(attempt.id, {"check_at": services.clock.now() + timedelta(seconds=5)})


def _released_unsent(attempt: Attempt) -> Attempt:
    if attempt.state is not AttemptState.CLAIMED:
        raise IllegalEvent(attempt.state, AttemptEvent.RELEASE, "it was sent after all")
    return attempt.advanced(AttemptEvent.RELEASE)


async def _find(services: CampaignServices, attempt: Attempt) -> None:
    """Adopt the call if the carrier lists it; after the second look without one, give up."""
    assert attempt.sent_at is not None
    now = services.clock.now()
    if now < attempt.sent_at + FIRST_LOOK:
        await services.attempts.note(attempt.id, {"check_at": attempt.sent_at + FIRST_LOOK})
        return
    call = await _listed(services, attempt, attempt.sent_at)
    if call is not None:
        await services.attempts.move(attempt.id, lambda one: accept(one, call.sid))
        await _take_in(services, attempt.id, call)
    elif now < attempt.sent_at + SECOND_LOOK:
        await services.attempts.note(attempt.id, {"check_at": attempt.sent_at + SECOND_LOOK})
    else:
        await services.attempts.move(attempt.id, lambda one: give_up(one, now))
        await services.settlement.settle(attempt.id)


async def _listed(services: CampaignServices, attempt: Attempt, sent_at: datetime) -> CarrierCall | None:
    """The call made for this attempt. The lock on the number lets no other attempt call it at the time."""
    document = await services.store.get(contact_path(attempt.campaign_id, attempt.contact_id))
    if document is None:
        return None
    phone = Contact.from_document(document.data).phone
    calls = await services.carrier.list_calls(to=phone, from_=attempt.from_ or "", created_after=sent_at - SENT_MARGIN)
    for call in sorted(calls, key=lambda one: one.created_at or sent_at):
        if not await services.store.count("attempts", [Where("sid", "==", call.sid)]):
            return call
    return None


async def ask_carrier(services: CampaignServices, attempt: Attempt, *, take_back: bool = False) -> None:
    """The carrier is asked how far the call is, since callbacks may have been lost; one that does not ring yet is
    taken back if that is wanted."""
    call = await services.carrier.fetch_call(attempt.sid or "")
    if call is None:
        await _unknown(services, attempt)
        return
    if take_back and call.status in {CallStatus.QUEUED, CallStatus.INITIATED}:
        await services.carrier.end_call(call.sid)
    await _take_in(services, attempt.id, call)


async def _unknown(services: CampaignServices, attempt: Attempt) -> None:
    """The carrier does not know a call that it took. It is asked again until the call cannot go on any more and was
    unknown twice; then the call is closed, or it would hold its number and a line of its campaign for ever."""
    log.error("the carrier does not know a call it took", extra={"attempt": attempt.id})
    now = services.clock.now()
    read = await services.attempts.read(attempt.id)
    since = None if read is None else read[1].data.get("unknown_since")
    if not isinstance(since, datetime) or now < since + SECOND_LOOK or now < _over_by(attempt):
        first = since if isinstance(since, datetime) else now
        await services.attempts.note(attempt.id, {"check_at": now + SECOND_LOOK, "unknown_since": first})
        return
    gone = Report(attempt.sid or "", CallStatus.COMPLETED, now)
    answered = attempt.answered_at is not None
    await services.attempts.move(attempt.id, lambda one: fold(one, gone) if answered else give_up(one, now))
    await services.settlement.settle(attempt.id)


def _over_by(attempt: Attempt) -> datetime:
    """When the call has been over at the latest, by the carrier's own limits."""
    if attempt.answered_at is not None:
        return attempt.answered_at + timedelta(seconds=LONGEST_CALL_S) + RING_MARGIN
    # One that waits in the carrier's queue is known to it.
    return (attempt.rang_at or attempt.sent_at or attempt.created_at) + timedelta(seconds=LONGEST_RING_S) + RING_MARGIN


async def _take_in(services: CampaignServices, attempt_id: str, call: CarrierCall) -> None:
    now = services.clock.now()
    report = Report(call.sid, call.status, now, duration_s=call.duration_s)
    moved = await services.attempts.move(attempt_id, lambda one: fold(one, report))
    if moved.state is AttemptState.DONE:
        await services.settlement.settle(attempt_id)
