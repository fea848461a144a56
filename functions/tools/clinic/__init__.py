"""What a practice's receptionist can do; whatever touches a patient's record wants the caller verified in this call."""

from functions.tools.clinic.patients import FIND_PATIENT, VERIFY_DATE_OF_BIRTH
from functions.tools.clinic.questions import CHECK_INSURANCE, DIRECTIONS, LIST_DOCTORS, OPENING_HOURS
from functions.tools.clinic.refill import REQUEST_PRESCRIPTION_REFILL
from functions.tools.clinic.visits import BOOK_VISIT, CANCEL_VISIT, FREE_SLOTS, MOVE_VISIT

CLINIC = (
    FIND_PATIENT,
    VERIFY_DATE_OF_BIRTH,
    LIST_DOCTORS,
    FREE_SLOTS,
    BOOK_VISIT,
    MOVE_VISIT,
    CANCEL_VISIT,
    OPENING_HOURS,
    DIRECTIONS,
    CHECK_INSURANCE,
    REQUEST_PRESCRIPTION_REFILL,
)

__all__ = ["CLINIC"]
