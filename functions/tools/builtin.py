"""The tools that come with Parley."""

from __future__ import annotations

from functions.tools.book_appointment import BOOK_APPOINTMENT
from functions.tools.clinic import CLINIC
from functions.tools.collect_digits import COLLECT_DIGITS
from functions.tools.end_call import END_CALL
from functions.tools.estate import ESTATE
from functions.tools.hand_over import HAND_OVER
from functions.tools.opt_out import OPT_OUT
from functions.tools.own_record import LOOKUP_RECORD, UPDATE_RECORD
from functions.tools.register_complaint import REGISTER_COMPLAINT
from functions.tools.registry import Registry
from functions.tools.salon import SALON
from functions.tools.schedule_callback import SCHEDULE_CALLBACK
from functions.tools.send_dtmf import SEND_DTMF
from functions.tools.take_message import TAKE_MESSAGE
from functions.tools.transfer_call import TRANSFER_CALL

EVERYWHERE = (
    BOOK_APPOINTMENT,
    COLLECT_DIGITS,
    END_CALL,
    HAND_OVER,
    LOOKUP_RECORD,
    OPT_OUT,
    REGISTER_COMPLAINT,
    SCHEDULE_CALLBACK,
    SEND_DTMF,
    TAKE_MESSAGE,
    TRANSFER_CALL,
    UPDATE_RECORD,
)
"""Tools for any agent; the others belong to the line of business in their folder's name."""

BUILTIN = Registry([*EVERYWHERE, *CLINIC, *ESTATE, *SALON])
