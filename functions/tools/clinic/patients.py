"""find_patient and verify_date_of_birth: the two steps before anything of a patient's own is said or changed."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from functions.tools.clinic import register
from functions.tools.tool import Arguments, Result, Tool, ToolContext, Traits, Wish


class FindPatient(Arguments):
    """Who is calling."""

    name: str = Field(min_length=2, max_length=80, description="First and last name, as the caller said them.")


class VerifyDateOfBirth(Arguments):
    """What proves it."""

    date_of_birth: date = Field(description="As the caller said it, ISO 8601, such as 1987-03-04.")


async def _find(arguments: FindPatient, context: ToolContext) -> tuple[Result, Wish | None]:
    if not await register.find(context, arguments.name):
        message = "There is no patient of that name. Ask for the spelling once; a new patient leaves a message."
        return Result(status="error", message=message), None
    return Result(message="Found. Now ask for the date of birth and verify it. Say nothing about the record yet."), None


async def _verify(arguments: VerifyDateOfBirth, context: ToolContext) -> tuple[Result, Wish | None]:
    match await register.verify(context, arguments.date_of_birth.isoformat()):
        case register.Verdict.VERIFIED:
            return Result(message="Verified. You may now book, move, cancel and order for this patient."), None
        case register.Verdict.NOBODY:
            return Result(status="error", message="Look the patient up by name first."), None
        case register.Verdict.LOCKED:
            message = "Too many dates were wrong. Open nothing in this call; offer a message or the front desk."
            return Result(status="error", message=message), None
        case _:
            message = "That is not the date in our records. Do not say what is; ask them to say it once more."
            return Result(status="error", message=message), None


FIND_PATIENT = Tool(
    name="find_patient",
    description="Looks a patient up by name. It opens nothing: verify_date_of_birth has to follow.",
    arguments=FindPatient,
    run=_find,
    traits=Traits(may_run_again=True),
)
VERIFY_DATE_OF_BIRTH = Tool(
    name="verify_date_of_birth",
    description="Compares a date of birth with the record of the patient who was just found.",
    arguments=VerifyDateOfBirth,
    run=_verify,
    traits=Traits(may_run_again=True),
)
