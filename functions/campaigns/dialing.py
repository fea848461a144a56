"""Sending a claimed attempt: intent first, then one request, then what its answer means. Never twice.

Between the claim and the request the fence is looked at once more, and whether the campaign still runs and has its
agent, the suppression list and the calling window. Whatever goes wrong after the intent is written, the attempt is
found by the sweeper.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from functions.campaigns.breaker import no_agent
from functions.campaigns.claiming import Claimed
from functions.campaigns.services import CampaignServices
from shared.domain.attempt import Attempt, AttemptEvent, IllegalEvent, refuse, send, skip
from shared.domain.call_progress import accept
from shared.domain.campaign import Campaign, CampaignState, PauseReason, campaign_path
from shared.domain.contact_window import window_of
from shared.domain.disposition import Disposition
from shared.domain.extension import keys_for
from shared.domain.refusal import Code
from shared.store.attempts import changed_fields
from shared.store.campaigns import pause
from shared.store.store import Conflict, NotFound, StoreError
from shared.store.suppressions import suppression_of
from shared.telephony.carrier import (
    CallRefused,
    CallRequest,
    CarrierBusy,
    CarrierError,
    CarrierUnreachable,
    MachineDetection,
    OutcomeUnknown,
    RefusalKind,
)
from shared.telephony.twilio_advice import advice

log = logging.getLogger(__name__)

REFUSED_AS = {
    RefusalKind.BAD_NUMBER: Disposition.INVALID_NUMBER,
    RefusalKind.BLOCKED: Disposition.BLOCKED_BY_CARRIER,
}
"""Refusals that say something about the number; the others say something about us."""
RETRIES = "#rc=3&rp=5xx,ct,rt"
"""Asks Twilio to come again with a callback that we could not take (its connection overrides; never sent to us)."""


Slot = Callable[[], Awaitable[None]]
"""Waits until the pace allows a request."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Why a claimed attempt is not sent."""

    code: Code
    retry_at: datetime | None
    """When its contact is due again; None: never."""


async def now_is_fine() -> None:
    """The pace is somebody else's business, such as a queue's."""


async def dial(services: CampaignServices, claimed: Claimed, slot: Slot = now_is_fine) -> Attempt | None:
    """Send a claimed attempt, its request in the next slot. None: it was not ours to send any more."""
    attempt = claimed.attempt
    why_not = await _last_look(services, claimed)
    if why_not is not None:
        return await _skipped(services, attempt, why_not)
    sending = await _write_intent(services, claimed)
    if sending is None:
        return None
    await slot()
    try:
        call = await services.carrier.place_call(request_for(services, claimed))
    except OutcomeUnknown:
        log.warning("nobody knows whether the call was placed", extra={"attempt": attempt.id})
        return await _moved(services, attempt.id, lambda one: one.advanced(AttemptEvent.LOSE_TRACK))
    except CarrierError as error:
        return await _refused(services, claimed, error)
    return await _accepted(services, attempt.id, call.sid)


async def _accepted(services: CampaignServices, attempt_id: str, sid: str) -> Attempt | None:
    try:
        return await services.attempts.move(attempt_id, lambda one: accept(one, sid))
    except IllegalEvent:
        # Another call was adopted for this attempt, so this one is the one too many. It is taken back unheard.
        log.error("a second call for one attempt is taken back", extra={"attempt": attempt_id, "call": sid})
        try:
            await services.carrier.end_call(sid)
        except CarrierError as error:
            # Whoever answers it is hung up on before a word is said.
            log.error("second call not taken back", extra={"call": sid, "error": type(error).__name__})
    except StoreError:
        # The call is placed; its webhooks carry the attempt's id, and the sweeper lists it.
        log.warning("the call is placed but could not be written down", extra={"attempt": attempt_id, "call": sid})
    return None


async def _moved(services: CampaignServices, attempt_id: str, by: Callable[[Attempt], Attempt]) -> Attempt | None:
    """The attempt moved on; None where the sweeper or the carrier's callbacks have moved it while our request waited,
    so that what its answer says comes too late."""
    try:
        return await services.attempts.move(attempt_id, by)
    except IllegalEvent as illegal:
        log.warning("answer came late; left to the sweeper", extra={"attempt": attempt_id, "why": str(illegal)})
        return None


async def _last_look(services: CampaignServices, claimed: Claimed) -> Skip | None:
    """What may have changed since the claim, which a queue can make half a minute ago."""
    document, entry = await asyncio.gather(
        services.store.get(campaign_path(claimed.campaign.id)), suppression_of(services.store, claimed.contact.id)
    )
    now = services.clock.now()
    if document is None:
        return Skip(Code.NOT_RUNNING, now)
    campaign = Campaign.from_document(document.data)
    if campaign.state is not CampaignState.RUNNING:
        return Skip(Code.PAUSED if campaign.state is CampaignState.PAUSED else Code.NOT_RUNNING, now)
    if campaign.ends_at is not None and now >= campaign.ends_at:
        return Skip(Code.EXPIRED, None)
    if services.voicing is not None and not await services.voicing.agents.is_there(campaign.agent_id):
        await pause(services.store, campaign.id, PauseReason.CONFIGURATION, no_agent(campaign))
        return Skip(Code.PAUSED, now)
    if entry is not None and entry.blocks(campaign.id, campaign.purpose, now):
        waits = entry.expires_at is not None and (campaign.ends_at is None or entry.expires_at < campaign.ends_at)
        return Skip(Code.SUPPRESSED, entry.expires_at if waits else None)
    window = window_of(claimed.contact, campaign)
    if not window.allows_dispatch(now, campaign.ring_timeout_s):
        return Skip(Code.OUTSIDE_WINDOW, window.next_dispatch(now, campaign.ring_timeout_s))
    return None


async def _skipped(services: CampaignServices, attempt: Attempt, why_not: Skip) -> Attempt | None:
    now = services.clock.now()
    also = {} if why_not.retry_at is None else {"retry_at": why_not.retry_at}
    try:
        skipped = await services.attempts.move(attempt.id, lambda one: skip(one, str(why_not.code), now), also)
    except (IllegalEvent, NotFound, Conflict):
        return None
    await services.settlement.settle(attempt.id)
    return skipped


async def _write_intent(services: CampaignServices, claimed: Claimed) -> Attempt | None:
    """The fence is checked by the write itself: it only succeeds on the attempt as we claimed it."""
    read = await services.attempts.read(claimed.attempt.id)
    if read is None:
        return None
    attempt, document = read
    now = services.clock.now()
    try:
        sending = send(attempt, claimed.attempt.fence, now)
        await services.store.update(document.path, changed_fields(sending, now), expected=document.version)
    except (IllegalEvent, Conflict, NotFound):
        log.warning("the attempt was taken over before it was sent", extra={"attempt": attempt.id})
        return None
    return sending


async def _refused(services: CampaignServices, claimed: Claimed, error: CarrierError) -> Attempt | None:
    attempt_id, now = claimed.attempt.id, services.clock.now()
    code = error.code
    if isinstance(error, CallRefused) and error.kind in REFUSED_AS:
        disposition = REFUSED_AS[error.kind]
        moved = await _moved(services, attempt_id, lambda one: refuse(one, disposition, now, code))
    else:
        if isinstance(error, CallRefused) and error.kind is RefusalKind.CONFIGURATION:
            log.error("the carrier refuses our calls", extra={"campaign": claimed.campaign.id, "code": code})
            await pause(services.store, claimed.campaign.id, PauseReason.CONFIGURATION, advice(code))
        elif not isinstance(error, (CallRefused, CarrierBusy, CarrierUnreachable)):
            log.error("unexpected answer of the carrier", extra={"error": type(error).__name__})
        moved = await _moved(services, attempt_id, lambda one: one.advanced(AttemptEvent.RELEASE))
    if moved is not None:
        await services.settlement.settle(attempt_id)
    return moved


def request_for(services: CampaignServices, claimed: Claimed) -> CallRequest:
    """The call to ask for. Its URLs carry attempt and fence, which prove its identity if our answer is lost."""
    attempt, campaign = claimed.attempt, claimed.campaign
    origin = services.public_base_url.rstrip("/")
    key = quote(attempt.id)
    detection = MachineDetection(
        callback_url=f"{origin}/voice/amd?attempt={key}{RETRIES}", wait_for_beep=campaign.voicemail.leave_message
    )
    extension = claimed.contact.extension
    return CallRequest(
        to=claimed.contact.phone,
        from_=attempt.from_ or services.numbers[0],
        answer_url=f"{origin}/voice/outbound/{key}?fence={attempt.fence}",
        status_url=f"{origin}/voice/status?attempt={key}{RETRIES}",
        ring_timeout_s=campaign.ring_timeout_s,
        # Behind an extension the first voice is a switchboard's, and the carrier takes not both.
        machine_detection=None if extension else detection,
        send_digits=keys_for(extension),
    )
