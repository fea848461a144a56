"""The tools that come with Parley."""

from __future__ import annotations

from functions.tools.book_appointment import BOOK_APPOINTMENT
from functions.tools.end_call import END_CALL
from functions.tools.registry import Registry

BUILTIN = Registry([BOOK_APPOINTMENT, END_CALL])
