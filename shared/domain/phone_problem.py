"""Why a cell holds no number that may be dialled, and what its owner can do about it. [pure]"""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """A refusal to dial: a code for programs, a sentence and a way out for people."""

    code: str
    sentence: str
    fix: str


_WRITE_IT = "Write the whole number with + and the country code, such as +91 98765 43210."
_ANOTHER = "Give another number for this person."

_ALL = (
    Problem("missing_phone", "The phone cell is empty.", "Fill in the phone number."),
    Problem("not_a_number", "The phone cell holds something else than a phone number.", _WRITE_IT),
    Problem("letters", "The phone cell holds letters.", "Write the number in digits."),
    Problem(
        "excel_scientific",
        "A spreadsheet has shortened the number (as in 9.19876E+11), and its last digits are gone from this file.",
        "Upload the .xlsx itself, which still has every digit; or format the column as text and save again.",
    ),
    Problem("too_short", "The number has too few digits.", _WRITE_IT),
    Problem("too_long", "The number has too many digits.", _WRITE_IT),
    Problem("unknown_country_code", "No country has this country code.", _WRITE_IT),
    Problem("invalid_number", "No such number has been given out in its country.", "Check the number with its owner."),
    Problem(
        "placeholder", "The number looks like a filler.", "Give the real one; if this is it, write it with + in front."
    ),
    Problem(
        "ambiguous_country",
        "The number fits more than one country, and the row does not say which.",
        "Write the number with + and its country code, or add a country column.",
    ),
    Problem("toll_free", "This is a toll-free number, which belongs to a company.", _ANOTHER),
    Problem("premium_rate", "This is a premium-rate number; a call would cost extra.", _ANOTHER),
    Problem("shared_cost", "This is a shared-cost number, which belongs to a company.", _ANOTHER),
    Problem("uan", "This is a company's universal number, not a person's.", _ANOTHER),
    Problem("pager", "This is a pager, which cannot talk.", _ANOTHER),
    Problem("voicemail", "This number leads to a voice mailbox.", _ANOTHER),
    Problem("personal_number", "This number forwards at a high price.", _ANOTHER),
    Problem("satellite", "This is a satellite or international network; a call would cost extra.", _ANOTHER),
    Problem("emergency_number", "This is an emergency number; it is never called.", _ANOTHER),
    Problem("short_number", "This is a short service number; it cannot be called.", _ANOTHER),
    Problem("business_series", "Numbers in the 140 and 160 series belong to callers, not to people.", _ANOTHER),
)
_BY_CODE = {each.code: each for each in _ALL}

NEVER_DIALLED = frozenset(
    "toll_free premium_rate shared_cost uan pager voicemail personal_number satellite emergency_number short_number"
    " business_series".split()
)
"""Codes of numbers that exist and are not called, whatever the list says."""


def problem(code: str) -> Problem:
    """The problem of this code."""
    return _BY_CODE[code]


def problem_codes() -> frozenset[str]:
    """Every code that a phone cell can get."""
    return frozenset(_BY_CODE)
