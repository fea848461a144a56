"""The register of patients, and which of them a call has to do with. Nobody's record is open before they are verified.

What a call knows stands in the store under its SID, so it outlives a reconnect and a hand-over, and no word of the
caller or the model can change it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from functions.tools.appointment_book import AppointmentBook
from functions.tools.clinic.practice import FirstVisit, practice
from functions.tools.tool import ToolContext
from shared.store.store import AlreadyExists, Conflict, Create, Document, Store, Where, Write

SEEDED = "clinic_registers/lindenhof"
MOST_TRIES = 3
"""Of a date of birth in one call."""
ALIKE = 0.8
"""So much of a name must fit where the number that calls is a patient's: Hoffman for Hoffmann."""
CONFLICTS = 5


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient whose identity was verified in this call."""

    id: str
    name: str
    medicines: dict[str, str]


class Verdict(StrEnum):
    """What came of comparing a date of birth."""

    VERIFIED = "verified"
    WRONG = "wrong"
    LOCKED = "locked"
    """Too many were wrong in this call."""
    NOBODY = "nobody"
    """No patient has been looked up yet."""


def name_key(name: str) -> str:
    """The name for comparing: no accents, capitals or spaces."""
    plain = unicodedata.normalize("NFKD", name.casefold().replace("ß", "ss"))
    return "".join(sign for sign in plain if sign.isalnum())


def book(context: ToolContext) -> AppointmentBook:
    """The practice's appointments."""
    return AppointmentBook(context.store, "lindenhof")


async def find(context: ToolContext, name: str) -> bool:
    """Look a patient up and remember them for this call, unverified; what was verified before is forgotten."""
    await _seed(context)
    page = await context.store.query("patients", [Where("name_key", "==", name_key(name))], limit=5)
    ids = [one.id for one in page.documents] or await _by_number(context, name)
    await _change(context, {"found": ids, "patient": None})
    return bool(ids)


async def verify(context: ToolContext, born: str) -> Verdict:
    """Compare a date of birth, ISO 8601, with those of the patients that were found."""
    for _ in range(CONFLICTS):
        known = await context.store.get(_path(context))
        found: Any = known.data.get("found") if known is not None else None
        if known is None or not found:
            return Verdict.NOBODY
        tries = int(str(known.data.get("tries") or 0))
        if tries >= MOST_TRIES:
            return Verdict.LOCKED
        patients = [await context.store.get(f"patients/{patient_id}") for patient_id in found]
        fitting = [one for one in patients if one is not None and one.data["born"] == born]
        # Counted before anybody learns whether it was right, so that asking at once does not give more tries.
        changes: dict[str, Any] = {"tries": 0 if fitting else tries + 1, "patient": fitting[0].id if fitting else None}
        try:
            await context.store.update(known.path, changes, expected=known.version)
        except Conflict:
            continue
        if fitting:
            return Verdict.VERIFIED
        return Verdict.LOCKED if tries + 1 >= MOST_TRIES else Verdict.WRONG
    return Verdict.LOCKED


async def verified_patient(context: ToolContext) -> Patient | None:
    """Who the caller has proven to be in this call; None before that."""
    known = await context.store.get(_path(context))
    patient_id = known.data.get("patient") if known is not None else None
    document = await context.store.get(f"patients/{patient_id}") if patient_id else None
    if document is None:
        return None
    data: Any = document.data
    return Patient(document.id, data["name"], dict(data["medicines"]))


async def _change(context: ToolContext, changes: dict[str, Any]) -> None:
    path = _path(context)
    try:
        await context.store.create(path, {"tries": 0, **changes, "at": context.now()})
    except AlreadyExists:
        await context.store.update(path, changes)


async def _by_number(context: ToolContext, name: str) -> list[str]:
    if not context.caller:
        return []
    page = await context.store.query("patients", [Where("phone", "==", context.caller)], limit=5)
    return [one.id for one in page.documents if _alike(one, name)]


def _alike(patient: Document, name: str) -> bool:
    return SequenceMatcher(None, str(patient.data["name_key"]), name_key(name)).ratio() >= ALIKE


def _path(context: ToolContext) -> str:
    return f"clinic_calls/{context.call_sid}"


async def _seed(context: ToolContext) -> None:
    """Copy the file's patients into a register that is new."""
    store: Store = context.store
    if await store.get(SEEDED) is not None:
        return
    writes: list[Write] = [Create(SEEDED, {"at": context.now()})]
    for one in practice().patients:
        fields = {"name": one.name, "name_key": name_key(one.name), "born": one.born, "phone": one.phone}
        writes.append(Create(f"patients/{one.id}", {**fields, "medicines": one.medicines}))
    try:
        await store.batch(writes)
    except AlreadyExists:
        return  # another call has just done it
    for one in practice().patients:
        for visit in one.visits:
            await _first_visit(context, one.id, visit)


async def _first_visit(context: ToolContext, patient_id: str, visit: FirstVisit) -> None:
    now = practice().wall_clock(context.now())
    calendar = practice().calendar(visit.doctor)
    hour, minute = map(int, visit.at.split(":"))
    for later in range(14):
        day = now + timedelta(days=visit.in_days + later)
        at = day.replace(hour=hour, minute=minute, second=0, microsecond=0)
        if calendar.hours.is_open(at):
            about = {"reason": visit.reason}
            key = f"first {patient_id} {visit.doctor}"
            await book(context).book(calendar, at, practice().visit_min, patient_id, about, key=key, now=now)
            return
