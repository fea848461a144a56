"""opt_out: this number is never called again, from now on, by any campaign."""

from __future__ import annotations

from pydantic import Field

from functions.tools.tool import Arguments, OptedOut, Result, Tool, ToolContext, Traits, Wish
from shared.domain.suppression import Evidence, HeardBy, Suppression, SuppressionReason
from shared.store.suppressions import suppress


class OptOutArguments(Arguments):
    """What was said."""

    words: str = Field(default="", max_length=300, description="The person's own words, if they can be repeated.")


async def _opt_out(arguments: OptOutArguments, context: ToolContext) -> tuple[Result, Wish | None]:
    entry = Suppression(
        id=context.number_hash,
        reason=SuppressionReason.OPT_OUT,
        at=context.now(),
        source_campaign_id=context.campaign_id,
        evidence=Evidence(
            heard_by=HeardBy.TOOL,
            call_sid=context.call_sid,
            words=arguments.words or context.last_words or None,
            language=context.language,
            offset_ms=context.at_ms,
        ),
    )
    await suppress(context.store, entry)
    return Result(
        message="The number is off every list. Confirm in one sentence, say goodbye, end the call."
    ), OptedOut()


OPT_OUT = Tool(
    name="opt_out",
    description=(
        "Takes the person's number off every calling list. Call it at once when they ask, in any words or language, not"
        " to be called."
    ),
    arguments=OptOutArguments,
    run=_opt_out,
    traits=Traits(may_run_again=True),
)
