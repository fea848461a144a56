"""schedule_callback: a promise to call again, made only when the campaign's rules let it be kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import Field

from functions.tools.tool import Arguments, CallbackPromised, Result, Tool, ToolContext, Traits, Wish
from shared.domain.callback_time import asked_time
from shared.domain.campaign import Campaign
from shared.domain.contact import Contact, contact_path
from shared.domain.gate import History
from shared.domain.refusal import Refusal
from shared.domain.retry import when_to_call_back
from shared.store.attempts import Attempts
from shared.store.campaigns import read_campaign
from shared.store.suppressions import suppression_of

ASK_AGAIN = "Ask for the day and the time, and call this again."
WITHOUT_PROMISE = "Say so plainly, and offer what else you can: a colleague, a message, a number to call."


class ScheduleCallback(Arguments):
    """When to call again: an instant, or the person's words."""

    at: datetime | None = Field(
        default=None, description="Day and time on the person's own clock, ISO 8601, such as 2026-11-24T17:00."
    )
    words: str = Field(default="", max_length=120, description='Or their words for it: "kal shaam 5 baje".')


class Promised(Result):
    """A callback was promised."""

    at: str
    """On the person's own clock."""


async def _schedule(arguments: ScheduleCallback, context: ToolContext) -> tuple[Result, Wish | None]:
    known = await _known(context)
    if known is None or not known.contact.time_zones:
        return Result(status="error", message="Nobody can be called back from this call. Apologise."), None
    zone = ZoneInfo(known.contact.time_zones[0])
    wanted = _wanted(arguments, zone, context.now())
    if wanted is None:
        return Result(status="error", message=f"That time is not clear, or is past. {ASK_AGAIN}"), None
    at = when_to_call_back(known.contact, known.campaign, known.history, wanted)
    if isinstance(at, Refusal):
        return Result(status="error", message=f"No call can be promised. {at.sentence} {WITHOUT_PROMISE}"), None
    await Attempts(context.store, context.clock).note(context.attempt_id or "", {"callback_at": at})
    local = at.astimezone(zone)
    said = f"{local:%A, %d %B, %H:%M}"
    if at == wanted:
        message = f"Promised for {said}. Repeat it, say goodbye."
    else:
        message = f"Promised for {said}, the first time after that at which we may call. Tell them that it is later."
    return Promised(message=message, at=local.isoformat()), CallbackPromised()


def _wanted(arguments: ScheduleCallback, zone: ZoneInfo, now: datetime) -> datetime | None:
    if arguments.at is None:
        return asked_time(arguments.words, now, zone.key)
    at = arguments.at if arguments.at.tzinfo else arguments.at.replace(tzinfo=zone)
    return at if at > now else None


@dataclass(frozen=True, slots=True)
class _Known:
    """What decides whether this call's person can be called once more."""

    contact: Contact
    campaign: Campaign
    history: History


async def _known(context: ToolContext) -> _Known | None:
    if context.attempt_id is None:
        return None
    attempts = Attempts(context.store, context.clock)
    read = await attempts.read(context.attempt_id)
    if read is None:
        return None
    attempt, _ = read
    document = await context.store.get(contact_path(attempt.campaign_id, attempt.contact_id))
    campaign = await read_campaign(context.store, attempt.campaign_id)
    if document is None or campaign is None:
        return None
    contact = Contact.from_document(document.data)
    past = await attempts.of_number(contact.id, context.now())
    suppression = await suppression_of(context.store, contact.id)
    # The call in hand is not settled yet, and is one of the campaign's attempts all the same.
    return _Known(contact.changed(counted=contact.counted + 1), campaign, History(past, suppression))


SCHEDULE_CALLBACK = Tool(
    name="schedule_callback",
    description="Promises to call this person again at the day and time they named. Confirm the time first.",
    arguments=ScheduleCallback,
    run=_schedule,
    traits=Traits(may_run_again=True),
)
