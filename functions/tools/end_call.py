"""end_call: say goodbye, then hang up. Why the call ends tells a campaign what becomes of the person's number."""

from __future__ import annotations

import logging
from typing import Literal

from pydantic import Field

from functions.tools.tool import Arguments, EndCall, Result, Tool, ToolContext, Traits, Wish
from shared.domain.disposition import Outcome
from shared.domain.language_use import is_outside
from shared.domain.suppression import Evidence, HeardBy, Suppression, SuppressionReason
from shared.store.attempts import Attempts
from shared.store.store import StoreError
from shared.store.suppressions import suppress

log = logging.getLogger(__name__)

OUTCOMES = {
    "completed": Outcome.GOAL_MET,
    "not_interested": Outcome.NOT_INTERESTED,
    "wrong_person": Outcome.WRONG_PERSON,
    "wrong_number": Outcome.WRONG_NUMBER,
    "deceased": Outcome.DECEASED,
    "complaint": Outcome.COMPLAINT,
    "language_barrier": Outcome.LANGUAGE_SWITCH,
}
"""What a campaign's call achieved when it ends for this reason; an opt-out or a promised callback weighs more."""
NEVER_AGAIN = {
    Outcome.WRONG_NUMBER: SuppressionReason.WRONG_NUMBER,
    Outcome.DECEASED: SuppressionReason.DECEASED,
    Outcome.COMPLAINT: SuppressionReason.COMPLAINT,
}
"""After these no campaign calls the number again."""


class EndCallArguments(Arguments):
    """Why the call ends."""

    reason: Literal[
        "completed", "caller_asked", "not_interested", "wrong_person", "wrong_number", "deceased", "complaint",
        "language_barrier", "voicemail", "other",
    ] = Field(
        default="completed",
        description="Why the call ends. wrong_person: whom you want is not there; wrong_number: this is not their"
        " number; complaint: about being called at all; language_barrier: you do not understand each other.",
    )  # fmt: skip
    language: str = Field(
        default="",
        pattern=r"^([a-z]{2,3}(-[A-Z]{2})?)?$",
        description="For language_barrier: what they speak, such as ta or bn-IN.",
    )


async def _end_call(arguments: EndCallArguments, context: ToolContext) -> tuple[Result, Wish | None]:
    outcome = OUTCOMES.get(arguments.reason)
    # Who calls us by mistake, or cannot be understood, is nobody whom we must not call.
    if context.attempt_id is not None:
        await _keep(arguments, outcome, context.attempt_id, context)
    wish = EndCall(outcome=outcome, to_machine=arguments.reason == "voicemail")
    return Result(message="The line drops once your goodbye has been heard. Say nothing more."), wish


async def _keep(arguments: EndCallArguments, outcome: Outcome | None, attempt_id: str, context: ToolContext) -> None:
    """What the campaign has to know beside the outcome. A store that is away keeps nobody on the line."""
    try:
        if outcome in NEVER_AGAIN:
            await suppress(context.store, _entry(NEVER_AGAIN[outcome], context))
        theirs = arguments.language
        if outcome is Outcome.LANGUAGE_SWITCH and theirs and not is_outside(theirs, context.agent.languages.allowed):
            attempts = Attempts(context.store, context.clock)
            await attempts.note(attempt_id, {"next_language": theirs})
    except StoreError as error:
        log.error("why a call ended was not kept", extra={"attempt": attempt_id, "error": type(error).__name__})


def _entry(reason: SuppressionReason, context: ToolContext) -> Suppression:
    evidence = Evidence(
        heard_by=HeardBy.TOOL,
        call_sid=context.call_sid,
        words=context.last_words or None,
        language=context.language,
        offset_ms=context.at_ms,
    )
    return Suppression(
        id=context.number_hash,
        reason=reason,
        at=context.now(),
        source_campaign_id=context.campaign_id,
        evidence=evidence,
    )


END_CALL = Tool(
    name="end_call",
    description="Ends the phone call. Say goodbye first, then call this; say nothing afterwards.",
    arguments=EndCallArguments,
    run=_end_call,
    traits=Traits(beside_the_call=True, may_run_again=True),
)
