"""request_valuation and report_repair: somebody is asked to come."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256

from pydantic import Field

from functions.tools.tool import Arguments, Result, Tool, ToolContext, Traits, Wish
from shared.store.store import AlreadyExists, Data


class RequestValuation(Arguments):
    """What is to be valued."""

    address: str = Field(min_length=3, max_length=200, description="Street and number, and the town if they said it.")
    name: str = Field(default="", max_length=80, description="The owner's name, if they said it.")


class ReportRepair(Arguments):
    """What is broken."""

    problem: str = Field(min_length=3, max_length=500, description="What is broken, and where.")
    urgent: bool = Field(default=False, description="Water, heating, electricity or a lock is out.")
    address: str = Field(default="", max_length=200, description="Where, if they said it.")


class Ordered(Result):
    """It was passed on."""

    number: str


async def _passed_on(kind: str, arguments: Arguments, context: ToolContext, message: str) -> Result:
    number = sha256(context.idempotency_key.encode()).hexdigest()[:8].upper()
    document: Data = {
        **arguments.model_dump(),
        "call_sid": context.call_sid,
        "phone": context.caller,
        "state": "new",
        "created_at": context.now(),
    }
    # The same call of the tool, seen twice, finds what it made.
    with suppress(AlreadyExists):
        await context.store.create(f"{kind}/{number}", document)
    return Ordered(message=message, number=number)


async def _value(arguments: RequestValuation, context: ToolContext) -> tuple[Result, Wish | None]:
    message = "Passed on. An expert calls within two days to agree on a time; it costs nothing."
    return await _passed_on("valuations", arguments, context, message), None


async def _repair(arguments: ReportRepair, context: ToolContext) -> tuple[Result, Wish | None]:
    when = "Somebody comes within a day." if arguments.urgent else "Somebody calls within three working days."
    return await _passed_on("repairs", arguments, context, f"Reported. {when}"), None


REQUEST_VALUATION = Tool(
    name="request_valuation",
    description="Sends an expert who says what a home is worth. Say the address back first.",
    arguments=RequestValuation,
    run=_value,
    traits=Traits(may_run_again=True),
)
REPORT_REPAIR = Tool(
    name="report_repair",
    description="Reports something broken in a home that is let.",
    arguments=ReportRepair,
    run=_repair,
    traits=Traits(may_run_again=True),
)
