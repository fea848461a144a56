"""schedule_callback: a promise to call again, at a time when that is allowed."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import Field

from functions.tools.tool import Arguments, CallbackPromised, Result, Tool, ToolContext, Traits, Wish
from shared.domain.attempt import Attempt, attempt_path
from shared.domain.callback_time import callback
from shared.domain.calling_window import CallingWindow
from shared.domain.campaign import Campaign, campaign_path
from shared.domain.contact import Contact, contact_path
from shared.domain.contact_window import window_of
from shared.store.attempts import Attempts

RING_TIMEOUT_S = 25
ASK_AGAIN = "Ask for the day and the time, and call this again."


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
    window = await _window(context)
    if window is None or not window.zones:
        return Result(status="error", message="Nobody can be called back from this call. Apologise."), None
    at = _wanted(arguments, window, context.now())
    if at is None:
        return Result(status="error", message=f"That time is not clear, or is past. {ASK_AGAIN}"), None
    allowed = window.next_dispatch(at, RING_TIMEOUT_S)
    if allowed is None:
        return Result(status="error", message=f"Nobody may be called at such a time. {ASK_AGAIN}"), None
    local = allowed.astimezone(ZoneInfo(window.zones[0]))
    await Attempts(context.store, context.clock).note(context.attempt_id or "", {"callback_at": allowed})
    moved = "" if allowed == at else " That is the next time at which we may call; tell them."
    said = f"{local:%A, %d %B, %H:%M}"
    return Promised(
        message=f"Promised for {said}.{moved} Repeat it, say goodbye.", at=local.isoformat()
    ), CallbackPromised()


def _wanted(arguments: ScheduleCallback, window: CallingWindow, now: datetime) -> datetime | None:
    zone = ZoneInfo(window.zones[0])
    if arguments.at is None:
        promised = callback(arguments.words, now, window, RING_TIMEOUT_S)
        return None if promised is None else promised.asked
    at = arguments.at if arguments.at.tzinfo else arguments.at.replace(tzinfo=zone)
    return at if at > now else None


async def _window(context: ToolContext) -> CallingWindow | None:
    """When the person of this call may be called."""
    if context.attempt_id is None:
        return None
    document = await context.store.get(attempt_path(context.attempt_id))
    if document is None:
        return None
    attempt = Attempt.from_document(document.data)
    contact = await context.store.get(contact_path(attempt.campaign_id, attempt.contact_id))
    campaign = await context.store.get(campaign_path(attempt.campaign_id))
    if contact is None or campaign is None:
        return None
    return window_of(Contact.from_document(contact.data), Campaign.from_document(campaign.data))


SCHEDULE_CALLBACK = Tool(
    name="schedule_callback",
    description="Promises to call this person again at the day and time they named. Confirm the time first.",
    arguments=ScheduleCallback,
    run=_schedule,
    traits=Traits(may_run_again=True),
)
