"""The durable queue of calls to read: taken one at a time, read by the text model, and written beside the call."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from functions.after_call.analyst import AnalystAway
from functions.after_call.answer import BadAnswer, analysis_from
from functions.after_call.question import question_about
from functions.after_call.services import AfterCallServices
from functions.after_call.transcript import Transcript, transcript_of
from shared.domain.analysis import LEASE, Analysis, AnalysisJob, AnalysisState, next_try
from shared.domain.announcement import Announcement, EventType, announcement_path
from shared.domain.attempt import attempt_path
from shared.domain.call import CallState, Ending, call_path
from shared.domain.recording import BROKEN_OFF, RecordingState, recording_path
from shared.store.agents import UnknownAgent
from shared.store.change import change_document
from shared.store.store import (
    AlreadyExists,
    Conflict,
    Document,
    Merge,
    NotFound,
    OrderBy,
    Put,
    StoreError,
    Update,
    Where,
    Write,
)

log = logging.getLogger(__name__)

OPEN = {str(CallState.RINGING), str(CallState.IN_PROGRESS)}
TOLD_FIELDS = (
    "call_sid direction from to agent_id agent_version campaign_id contact_id attempt_id state ending disposition"
    " outcome started_at ended_at duration_s languages"
).split()
"""Of a call's record, what its announcements say."""


async def due_analyses(services: AfterCallServices, limit: int) -> Sequence[Document]:
    """Calls whose turn it is, the longest due first."""
    page = await services.store.query(
        "analyses",
        [Where("state", "==", str(AnalysisState.DUE)), Where("due_at", "<=", services.clock.now())],
        order_by=[OrderBy("due_at")],
        limit=limit,
    )
    return page.documents


async def analyse(services: AfterCallServices, document: Document) -> bool:
    """Take this call, read it, and write down what came of it; False when somebody else has it."""
    taken = await _take(services, document)
    if taken is None:
        return False
    job, held, call = taken
    if call is None:
        await _close(services, held, job, AnalysisState.FAILED, error="there is no record of this call")
        return True
    try:
        analysis = await _read(services, job)
    except StoreError:
        raise
    except (AnalystAway, BadAnswer, UnknownAgent) as error:
        await _try_again(services, held, job, str(error))
        return True
    except Exception as error:  # a bug: tried as often as an outage, and never for ever
        await _try_again(services, held, job, f"reading it failed ({type(error).__name__})")
        return True
    if analysis is None:
        await _close(services, held, job, AnalysisState.SKIPPED)
    else:
        await _keep(services, held, job, call, analysis)
    return True


async def _take(
    services: AfterCallServices, document: Document
) -> tuple[AnalysisJob, Document, dict[str, Any] | None] | None:
    """The work, leased to us, and the call; the first time the call's end is announced, in the same breath."""
    now = services.clock.now()
    job = AnalysisJob.from_document(document.data)
    record = await services.store.get(call_path(job.call_sid))
    call = None if record is None else dict(record.data)
    leased = job.changed(due_at=now + LEASE, tries=job.tries + 1, announced=True)
    writes: list[Write] = [Update(document.path, leased.to_document(), document.version)]
    if call is not None and call.get("state") in OPEN:
        # Its process died: nobody wrote how it ended, and nobody will.
        state, ending = str(CallState.FAILED), str(Ending.INTERNAL_ERROR)
        crashed: dict[str, Any] = {"state": state, "ending": ending, "ended_at": now}
        recording: Any = call.get("recording") or {}
        if recording.get("state") == RecordingState.RECORDING:
            broken = {"state": str(RecordingState.FAILED), "why": BROKEN_OFF}
            crashed["recording"] = {**recording, **broken}
            writes.append(Merge(recording_path(job.call_sid, recording["stream"]), broken))
        call |= crashed
        writes.append(Merge(call_path(job.call_sid), {**crashed, "updated_at": now}))
    if call is not None and not job.announced:
        writes.append(_announced(EventType.CALL_ENDED, job.call_sid, told(call), now))
    try:
        await services.store.batch(writes)
    except (Conflict, NotFound, AlreadyExists):
        return None
    held = await services.store.get(document.path)
    return None if held is None else (leased, held, call)


def told(call: dict[str, Any]) -> dict[str, Any]:
    """What an announcement says of a call; instants as text."""
    said = {name: call[name] for name in TOLD_FIELDS if call.get(name) is not None}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in said.items()}


def _announced(type_: EventType, call_sid: str, data: dict[str, Any], now: datetime) -> Put:
    said = Announcement(id=f"{type_}.{call_sid}", type=type_, at=now, data=data)
    return Put(announcement_path(said.id), said.to_document())


async def _read(services: AfterCallServices, job: AnalysisJob) -> Analysis | None:
    """None: the caller said nothing."""
    transcript = await _transcript(services, job.call_sid)
    if not transcript.caller_turns:
        return None
    agent = await services.agents.version(job.agent_id, job.agent_version)
    answer = await services.analyst.ask(agent, question_about(agent, transcript))
    return analysis_from(answer.text, agent, transcript, model=answer.model, now=services.clock.now())


async def _transcript(services: AfterCallServices, call_sid: str) -> Transcript:
    turns = await _all(services, f"{call_path(call_sid)}/turns")
    return transcript_of(turns, await _all(services, f"{call_path(call_sid)}/tool_results"))


async def _all(services: AfterCallServices, collection: str) -> list[dict[str, Any]]:
    documents, cursor = list[dict[str, Any]](), None
    while True:
        page = await services.store.query(collection, limit=500, cursor=cursor)
        documents += [dict(one.data) for one in page.documents]
        cursor = page.next
        if cursor is None:
            return documents


async def _keep(
    services: AfterCallServices, held: Document, job: AnalysisJob, call: dict[str, Any], analysis: Analysis
) -> None:
    now = services.clock.now()
    found = analysis.to_document()
    if call.get("attempt_id"):
        await _lay_beside(services, str(call["attempt_id"]), found)
    changes: dict[str, Any] = {"analysis": found, "updated_at": now}
    if call.get("outcome") is None:
        changes["outcome"] = str(analysis.outcome)
    data = {**told({**call, **changes}), "analysis": {**found, "at": analysis.at.isoformat()}}
    more: list[Write] = [
        Merge(call_path(job.call_sid), changes),
        _announced(EventType.CALL_ANALYSED, job.call_sid, data, now),
    ]
    await _close(services, held, job, AnalysisState.DONE, more=more)


async def _lay_beside(services: AfterCallServices, attempt_id: str, found: dict[str, Any]) -> None:
    """The campaign's results are read by attempt; they say what was read out of its call."""
    reading = {name: found[name] for name in ("summary", "sentiment", "lead_score", "extracted")}
    try:
        await change_document(services.store, attempt_path(attempt_id), lambda _: {"reading": reading})
    except NotFound:
        log.warning("a call's attempt is not there any more", extra={"attempt": attempt_id})


async def _try_again(services: AfterCallServices, held: Document, job: AnalysisJob, why: str) -> None:
    why = why[:200]
    again = next_try(job.tries, services.clock.now())
    log.warning("a call could not be analysed", extra={"call": job.call_sid, "why": why, "tries": job.tries})
    if again is None:
        await _close(services, held, job, AnalysisState.FAILED, error=why)
    else:
        await _write(services, held, job.changed(due_at=again, error=why))


async def _close(
    services: AfterCallServices,
    held: Document,
    job: AnalysisJob,
    state: AnalysisState,
    *,
    error: str | None = None,
    more: Sequence[Write] = (),
) -> None:
    await _write(services, held, job.changed(state=state, error=error), more)


async def _write(services: AfterCallServices, held: Document, job: AnalysisJob, more: Sequence[Write] = ()) -> None:
    try:
        await services.store.batch([Update(held.path, job.to_document(), held.version), *more])
    except (Conflict, NotFound):
        # The call went on with another stream, or somebody asked for another reading: that one will be written.
        log.info("a call's analysis was overtaken", extra={"call": job.call_sid})
