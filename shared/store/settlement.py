"""Settles an attempt that is over: its contact, its number's lock and its campaign's sums, all at once or not."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from shared.clock import Clock
from shared.domain.attempt import Attempt, AttemptState, past
from shared.domain.attempt_check import settles_after
from shared.domain.call import call_path
from shared.domain.call_progress import awaits_talk, close_without_talk, concluded
from shared.domain.campaign import Campaign, campaign_path
from shared.domain.contact import Contact, ContactEvent, ContactState, DueReason, contact_path
from shared.domain.cost import call_cost
from shared.domain.disposition import PEOPLE, SUPPRESSING, Disposition, Outcome
from shared.domain.gate import History
from shared.domain.retry import next_attempt
from shared.domain.shards import shard_of
from shared.domain.suppression import Evidence, HeardBy, Suppression, SuppressionReason
from shared.store.attempts import Attempts, changed_fields
from shared.store.call_bill import bill_of
from shared.store.store import AlreadyExists, Conflict, Delete, Document, NotFound, Store, Update, Write
from shared.store.suppressions import suppress, suppression_of
from shared.store.tallies import Tally, add_one, span_of, tally_path

MOST_TRIES = 20
RELEASED_AGAIN = timedelta(seconds=20)
"""A carrier that was too busy, or a dispatcher that died, is given so long."""
BAD_NUMBER_FOR = timedelta(days=90)
"""A number that nobody has is given to somebody new after about so long."""
WISHED = {
    Outcome.DO_NOT_CALL: SuppressionReason.OPT_OUT,
    Outcome.COMPLAINT: SuppressionReason.COMPLAINT,
    Outcome.DECEASED: SuppressionReason.DECEASED,
    Outcome.WRONG_NUMBER: SuppressionReason.WRONG_NUMBER,
}
"""Why a number is not called again after each of the outcomes that say so."""
NOTHING_SENT = {AttemptState.RELEASED, AttemptState.SKIPPED, AttemptState.EXPIRED}


def lock_path(contact_id: str) -> str:
    """The lock on a number: while it is there, no campaign calls it."""
    return f"number_locks/{contact_id}"


class Settlement:
    """Closes the books on attempts, once each."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._attempts = Attempts(store, clock)

    async def settle(self, attempt_id: str) -> bool:
        """Settle an attempt if it is over and nothing more is expected of it; whether it is settled now."""
        for tries in range(MOST_TRIES):
            read = await self._attempts.read(attempt_id)
            if read is None:
                return False
            attempt, document = read
            if document.data.get("settled"):
                return True
            now = self._clock.now()
            attempt = await self._closed(attempt, now)
            if attempt.state.is_open or awaits_talk(attempt) or not _is_quiet(attempt, now):
                return False
            attempt = concluded(attempt)
            await self._keep_from_calls(attempt, now)
            try:
                await self._store.batch(await self._writes(attempt, document, now))
                return True
            except (Conflict, AlreadyExists, NotFound):
                await asyncio.sleep(0.01 * tries)
        return False

    async def _keep_from_calls(self, attempt: Attempt, now: datetime) -> None:
        """What the network says of a number, or its owner has said, holds for all campaigns. Written before the books
        are closed, and merged with what is there, so that it is neither forgotten nor done twice."""
        outcome, evidence, until = attempt.outcome, None, None
        if outcome in SUPPRESSING:
            reason = WISHED[outcome]
            evidence = Evidence(heard_by=HeardBy.OUTCOME, call_sid=attempt.sid)
        elif attempt.disposition is Disposition.INVALID_NUMBER:
            reason, until = SuppressionReason.INVALID, now + BAD_NUMBER_FOR
        else:
            return
        entry = Suppression(
            id=attempt.contact_id,
            reason=reason,
            at=now,
            source_campaign_id=attempt.campaign_id,
            expires_at=until,
            evidence=evidence,
        )
        found = await suppression_of(self._store, entry.id)
        if found is None or found.merged(entry) != found:
            await suppress(self._store, entry)

    async def _closed(self, attempt: Attempt, now: datetime) -> Attempt:
        overdue = attempt.ended_at is not None and now >= attempt.ended_at + settles_after(attempt)
        if not overdue or not awaits_talk(attempt):
            return attempt
        record = None if attempt.sid is None else await self._store.get(call_path(attempt.sid))
        heard_at = None if record is None else record.data.get("agent_heard_at")
        return close_without_talk(attempt, heard_at if isinstance(heard_at, datetime) else None)

    async def _writes(self, attempt: Attempt, document: Document, now: datetime) -> list[Write]:
        path = tally_path(attempt.campaign_id, attempt.id)
        campaign_doc, contact_doc, lock, tally = await asyncio.gather(
            self._store.get(campaign_path(attempt.campaign_id)),
            self._store.get(contact_path(attempt.campaign_id, attempt.contact_id)),
            self._store.get(lock_path(attempt.contact_id)),
            self._store.get(path),
        )
        writes: list[Write] = []
        if campaign_doc is not None and contact_doc is not None:
            campaign, contact = Campaign.from_document(campaign_doc.data), Contact.from_document(contact_doc.data)
            if contact.attempt_id == attempt.id and contact.state is ContactState.IN_PROGRESS:
                contact = contact.changed(counted=contact.counted + past(attempt).weight.counts)
                after = await self._contact_after(attempt, document, contact, campaign, now)
                if _is_broken_promise(attempt, after):
                    attempt = attempt.changed(outcome=Outcome.INCONCLUSIVE)
                    after = after.changed(outcome=attempt.outcome)
                writes.append(Update(contact_doc.path, contact_fields(after), contact_doc.version))
        if lock is not None and lock.data.get("attempt_id") == attempt.id:
            writes.append(Delete(lock.path, lock.version))
        if attempt.state not in NOTHING_SENT:
            attempt = attempt.changed(cost=await self._cost(attempt, contact_doc, campaign_doc))
            resumed_at = None if campaign_doc is None else Campaign.from_document(campaign_doc.data).resumed_at
            writes.append(add_one(path, tally, _tally(attempt, document, span_of(now, resumed_at))))
        writes.append(Update(document.path, changed_fields(attempt, now, settled=True), document.version))
        return writes

    async def _cost(self, attempt: Attempt, contact: Document | None, campaign: Document | None) -> float:
        if attempt.answered_at is None:
            return 0.0
        agent_id = None if campaign is None else str(campaign.data.get("agent_id"))
        bill = await bill_of(self._store, attempt.sid, agent_id)
        return call_cost(
            attempt.duration_s or 0,
            answered=True,
            country=None if contact is None else str(contact.data.get("country")),
            model_cost=bill.cost,
            model_id=bill.model_id,
        )

    async def _contact_after(
        self, attempt: Attempt, document: Document, contact: Contact, campaign: Campaign, now: datetime
    ) -> Contact:
        if attempt.state in {AttemptState.RELEASED, AttemptState.EXPIRED}:
            # Nothing was sent: the number of the attempt is spent, the contact's budget is not.
            return contact.advanced(ContactEvent.RELEASE, due_at=now + RELEASED_AGAIN)
        if attempt.state is AttemptState.SKIPPED:
            retry_at = document.data.get("retry_at")
            if isinstance(retry_at, datetime):
                return contact.advanced(ContactEvent.RELEASE, due_at=retry_at, refusal=attempt.refusal)
            return contact.advanced(ContactEvent.SKIP, refusal=attempt.refusal)
        assert attempt.disposition is not None
        ended: dict[str, Any] = {"disposition": attempt.disposition, "outcome": attempt.outcome}
        if attempt.outcome is Outcome.LANGUAGE_SWITCH:
            language = document.data.get("next_language")
            if not isinstance(language, str):
                return contact.advanced(ContactEvent.FINISH, **ended)  # the agent does not speak it either
            contact = contact.changed(language=language)
        history = await self._history(attempt, now)
        callback_at = document.data.get("callback_at")
        decision = next_attempt(
            contact,
            campaign,
            history,
            now,
            disposition=attempt.disposition,
            outcome=attempt.outcome,
            callback_at=callback_at if isinstance(callback_at, datetime) else None,
        )
        if decision is None:
            return contact.advanced(ContactEvent.FINISH, **ended)
        return contact.advanced(ContactEvent.RETRY, due_at=decision.at, due_reason=decision.reason, **ended)

    async def _history(self, attempt: Attempt, now: datetime) -> History:
        others, suppression = await asyncio.gather(
            self._attempts.of_number(attempt.contact_id, now), suppression_of(self._store, attempt.contact_id)
        )
        attempts = (past(attempt), *(one for one in others if one.id != attempt.id))
        return History(attempts, suppression, spent=0.0)


def _is_broken_promise(attempt: Attempt, after: Contact) -> bool:
    """Whether a callback was promised that will not be made, because what stands in its way came after the promise."""
    will_be_made = after.state is ContactState.PENDING and after.due_reason is DueReason.CALLBACK
    return attempt.outcome is Outcome.CALLBACK_SCHEDULED and not will_be_made


def _is_quiet(attempt: Attempt, now: datetime) -> bool:
    """Whether the time for late words about a call is over."""
    return attempt.ended_at is None or now >= attempt.ended_at + settles_after(attempt)


def contact_fields(contact: Contact) -> dict[str, Any]:
    """A contact as it is kept: one that waits has an instant at which it is due."""
    document = {**contact.to_document(), "shard": shard_of(contact.id)}
    if contact.state is ContactState.PENDING and contact.due_at is None:
        document["due_at"] = LONG_AGO
    return document


LONG_AGO = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
"""Due at once."""


def _tally(attempt: Attempt, document: Document, span: str) -> Tally:
    one = Tally(attempts=1, cost=attempt.cost or 0.0, talk_s=attempt.duration_s or 0)
    if attempt.disposition is not None:
        one.dispositions[str(attempt.disposition)] += 1
    if attempt.disposition in PEOPLE:
        one.answered[span] = 1
        one.unheard[span] = int(attempt.silent_answer)
    if attempt.outcome is not None:
        one.outcomes[str(attempt.outcome)] += 1
    language = document.data.get("language")
    if isinstance(language, str):
        one.languages[language] += 1
    return one
