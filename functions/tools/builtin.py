"""The tools that come with Parley."""

from __future__ import annotations

from functions.tools.book_appointment import BOOK_APPOINTMENT
from functions.tools.end_call import END_CALL
from functions.tools.hand_over import HAND_OVER
from functions.tools.opt_out import OPT_OUT
from functions.tools.registry import Registry
from functions.tools.schedule_callback import SCHEDULE_CALLBACK
from functions.tools.take_message import TAKE_MESSAGE
from functions.tools.transfer_call import TRANSFER_CALL

BUILTIN = Registry([BOOK_APPOINTMENT, END_CALL, HAND_OVER, OPT_OUT, SCHEDULE_CALLBACK, TAKE_MESSAGE, TRANSFER_CALL])
