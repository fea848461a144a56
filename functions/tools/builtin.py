"""The tools that come with Parley."""

from __future__ import annotations

from functions.tools.book_appointment import BOOK_APPOINTMENT
from functions.tools.end_call import END_CALL
from functions.tools.opt_out import OPT_OUT
from functions.tools.registry import Registry
from functions.tools.schedule_callback import SCHEDULE_CALLBACK
from functions.tools.take_message import TAKE_MESSAGE
from functions.tools.transfer_call import TRANSFER_CALL

BUILTIN = Registry([BOOK_APPOINTMENT, END_CALL, OPT_OUT, SCHEDULE_CALLBACK, TAKE_MESSAGE, TRANSFER_CALL])
