"""The short way for the commonest forms of a phone number: an Indian mobile, E.164 with + and separators, a number of
the United States in a list of theirs. [pure]

It takes a number only where ``phonenumbers`` would give the same answer; everything else it leaves alone.
"""

from __future__ import annotations

import re
from functools import lru_cache

from shared.domain.number_plan import country_and_kind, may_have_trunk_prefix, split_digits

DIALLED_KINDS = frozenset({"mobile", "fixed_line", "fixed_or_mobile", "voip"})

_INDIAN = re.compile(r"(\+91|91|0)?[ -]?([6-9][0-9]{4})[ -]?([0-9]{5})")
_INTERNATIONAL = re.compile(r"\+(?![0-9]+\.0+$)[1-9](?:[ .()-]{0,2}[0-9]){6,14}")
_AMERICAN = re.compile(r"(?:1[ .-]?)?\(?([2-9][0-9]{2})\)?[ .-]?([2-9][0-9]{2})[ .-]?([0-9]{4})")
_REPAIRS: dict[str | None, tuple[str, ...]] = {None: (), "+91": (), "91": ("no_plus",), "0": ("trunk_zero",)}
_SEPARATORS = str.maketrans("", "", "+ .()-")

Fields = tuple[str, str, str, tuple[str, ...], str, str]


def common_number(cell: str, region: str | None) -> Fields | None:
    """The fields of a PhoneNumber for a cell in a common form, or None: take the long way."""
    if found := _INDIAN.fullmatch(cell):
        prefix, head, tail = found.groups()
        if region == "IN" or prefix == "+91":
            kind = _indian_kind(head) or _indian_kind(head + tail[0])
            if kind and (kind != "fixed_line" or prefix == "+91"):
                return f"+91{head}{tail}", "IN", kind, _REPAIRS[prefix], "", ""
    if cell[:1] == "+" and _INTERNATIONAL.fullmatch(cell):
        return _complete(cell.translate(_SEPARATORS))
    if region == "US" and (found := _AMERICAN.fullmatch(cell)):
        national = "".join(found.groups())
        return None if _one_digit(national) else _complete("1" + national)
    return None


def _complete(digits: str) -> Fields | None:
    code, national = split_digits(digits)
    if code == 91 and national.startswith(("140", "160")):
        return None
    country, kind = country_and_kind(code, national)
    if kind not in DIALLED_KINDS or country == "001" or may_have_trunk_prefix(code, national):
        return None
    return f"+{digits}", country, kind, (), "", ""


@lru_cache(maxsize=100_000)
def _indian_kind(head: str) -> str:
    """What the leading five or six digits make of a ten-digit number; empty when it takes more, or looks a filler."""
    if _one_digit(head):
        return ""
    sixths = (f"{head}{sixth}" for sixth in range(10)) if len(head) == 5 else (head,)
    kinds = {country_and_kind(91, f"{sixth}0000")[1] for sixth in sixths}
    return kinds.pop() if len(kinds) == 1 else ""


def _one_digit(digits: str) -> bool:
    return digits == digits[0] * len(digits)
