"""The short way for the commonest forms of a phone number: an Indian mobile, E.164 with + and separators, a number of
the United States in a list of theirs. [pure]

It takes a number only where ``phonenumbers`` would give the same answer; everything else it leaves alone.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from shared.domain.number_plan import country_and_kind, may_have_trunk_prefix, split_digits

DIALLED_KINDS = frozenset({"mobile", "fixed_line", "fixed_or_mobile", "voip"})

_INDIAN = re.compile(r"(\+91|91|0)?[ -]?([6-9][0-9]{4})[ -]?([0-9]{5})")
_INTERNATIONAL = re.compile(r"\+(?![0-9]+\.0+$)[1-9](?:[ .()-]{0,2}[0-9]){6,14}")
_AMERICAN = re.compile(r"(?:1[ .-]?)?\(?([2-9][0-9]{2})\)?[ .-]?([2-9][0-9]{2})[ .-]?([0-9]{4})")
_REPAIRS: dict[str, tuple[str, ...]] = {"": (), "+91": (), "91": ("no_plus",), "0": ("trunk_zero",)}
_PREFIX_OF_LENGTH = {10: "", 11: "0", 12: "91", 13: "+91"}
_SEPARATORS = str.maketrans("", "", "+ .()-")
_new = tuple.__new__


class PhoneNumber(NamedTuple):
    """A number that may be dialled. A named tuple: a list makes a million of them, at a third of a dataclass's cost."""

    e164: str
    country: str
    """ISO 3166 code of the numbering plan: IN, US, CA."""
    kind: str
    """mobile, fixed_line, fixed_or_mobile (where the plan does not tell) or voip."""
    repairs: tuple[str, ...] = ()
    """Codes out of REPAIRS; empty for a number as people write it."""
    extension: str = ""
    """Digits to send once the call is answered."""
    alternate: str = ""
    """A second number that stood in the cell, in E.164."""


def common_number(cell: str, region: str | None) -> PhoneNumber | None:
    """The number in a cell of a common form, or None: take the long way."""
    if region == "IN" or cell[:3] == "+91":
        prefix = _PREFIX_OF_LENGTH.get(len(cell))
        if (
            prefix is not None
            and cell.startswith(prefix)
            and cell[-10] >= "6"
            and cell[-10:].isdigit()
            and cell.isascii()
        ):
            return _indian(prefix, cell[-10:])
        if found := _INDIAN.fullmatch(cell):
            return _indian(found[1] or "", found[2] + found[3])
    if cell[:1] == "+" and _INTERNATIONAL.fullmatch(cell):
        return _complete(cell.translate(_SEPARATORS))
    if region == "US" and (found := _AMERICAN.fullmatch(cell)):
        national = "".join(found.groups())
        return None if _one_digit(national) else _complete("1" + national)
    return None


def _indian(prefix: str, national: str) -> PhoneNumber | None:
    kind = _indian_kind(national[:5]) or _indian_kind(national[:6])
    if not kind or (kind == "fixed_line" and prefix != "+91"):
        return None
    return _new(PhoneNumber, ("+91" + national, "IN", kind, _REPAIRS[prefix], "", ""))


def _complete(digits: str) -> PhoneNumber | None:
    if digits[0] == "1" and len(digits) == 11:
        country, kind = _north_american(digits[1:7])
        return PhoneNumber(f"+{digits}", country, kind) if kind in DIALLED_KINDS else None
    code, national = split_digits(digits)
    if code == 91 and national.startswith(("140", "160")):
        return None
    country, kind = country_and_kind(code, national)
    if kind not in DIALLED_KINDS or country == "001" or may_have_trunk_prefix(code, national):
        return None
    return PhoneNumber(f"+{digits}", country, kind)


@lru_cache(maxsize=50_000)
def _north_american(head: str) -> tuple[str, str]:
    """Country and kind by area code and exchange; the last four digits never matter there."""
    return country_and_kind(1, f"{head}0000")


@lru_cache(maxsize=100_000)
def _indian_kind(head: str) -> str:
    """What the leading five or six digits make of a ten-digit number; empty when it takes more, or looks a filler."""
    if _one_digit(head) or head[0] < "6":
        return ""
    sixths = (f"{head}{sixth}" for sixth in range(10)) if len(head) == 5 else (head,)
    kinds = {country_and_kind(91, f"{sixth}0000")[1] for sixth in sixths}
    return kinds.pop() if len(kinds) == 1 else ""


def _one_digit(digits: str) -> bool:
    return digits == digits[0] * len(digits)
