"""request_prescription_refill: a wish that a doctor decides on; nothing is prescribed here."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256

from pydantic import Field

from functions.tools.clinic.register import Patient, verified_patient
from functions.tools.clinic.visits import NOT_VERIFIED
from functions.tools.tool import Arguments, Result, Tool, ToolContext, Traits, Wish
from shared.domain.nearest import nearest
from shared.store.store import AlreadyExists, Data


class Refill(Arguments):
    """What is to be prescribed again."""

    medicine: str = Field(min_length=2, max_length=120, description="Its name, or what the caller calls it.")


class Requested(Result):
    """It was passed on."""

    medicine: str


async def _request(arguments: Refill, context: ToolContext) -> tuple[Result, Wish | None]:
    patient = await verified_patient(context)
    if patient is None:
        return NOT_VERIFIED, None
    medicine = _meant(patient, arguments.medicine)
    if medicine is None:
        message = (
            "That is not on this patient's list of repeat prescriptions. Offer a visit, or a message to the doctor."
        )
        return Result(status="error", message=message), None
    document: Data = {
        "patient_id": patient.id,
        "medicine": medicine,
        "call_sid": context.call_sid,
        "state": "asked for",
        "created_at": context.now(),
    }
    # The same call of the tool, seen twice, finds what it made.
    with suppress(AlreadyExists):
        key = sha256(context.idempotency_key.encode()).hexdigest()[:16]
        await context.store.create(f"refill_requests/{key}", document)
    return Requested(
        message="Passed on to the doctor, who decides. It is ready in two working days, at the desk.", medicine=medicine
    ), None


def _meant(patient: Patient, said: str) -> str | None:
    wanted = said.strip().casefold()
    for medicine, called in patient.medicines.items():
        if wanted in medicine.casefold() or wanted in called.casefold() or called.casefold() in wanted:
            return medicine
    return nearest(wanted, patient.medicines)


REQUEST_PRESCRIPTION_REFILL = Tool(
    name="request_prescription_refill",
    description="Passes on that the verified patient needs a medicine of theirs again. The doctor decides.",
    arguments=Refill,
    run=_request,
    traits=Traits(may_run_again=True),
)
