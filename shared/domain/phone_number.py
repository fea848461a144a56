"""A phone number that may be dialled, or the reason why a cell holds none. [pure]

The common Indian and North American forms take a short way; all else goes through ``phonenumbers`` (Google's
numbering-plan data), after the least repair that makes a number of it. Nothing is guessed in silence: what had to be
repaired is named, and a number that could belong to two countries is refused until somebody says which.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType, ValidationResult, shortnumberinfo

from shared.domain.common_number import DIALLED_KINDS, PhoneNumber, common_number
from shared.domain.number_plan import country_and_kind, shortest_number, split_digits
from shared.domain.phone_problem import NEVER_DIALLED, Problem, problem
from shared.domain.phone_text import EMPTY, MAX_SIGNS, plain_text

__all__ = [
    "NumberHash",
    "PhoneNumber",
    "Problem",
    "calling_code",
    "is_region",
    "number_hash",
    "read_number",
    "read_uncommon_number",
    "redacted",
]

_UNREADABLE: dict[int, str] = {
    NumberParseException.INVALID_COUNTRY_CODE: "unknown_country_code",
    NumberParseException.NOT_A_NUMBER: "not_a_number",
    NumberParseException.TOO_SHORT_AFTER_IDD: "too_short",
    NumberParseException.TOO_SHORT_NSN: "too_short",
    NumberParseException.TOO_LONG: "too_long",
}
_IMPOSSIBLE: dict[int, str] = {
    ValidationResult.TOO_SHORT: "too_short",
    ValidationResult.TOO_LONG: "too_long",
    ValidationResult.INVALID_COUNTRY_CODE: "unknown_country_code",
}
_NO_COUNTRY = "001"
"""The library's region of country codes that belong to no country: satellites, worldwide services."""
_TRUNK_ZERO_IS_UNUSUAL = frozenset({"IN"})
"""Where people write the bare number, so that a 0 in front tells of a program; elsewhere it is the custom."""

_SCIENTIFIC = re.compile(r"[+-]?\d(?:[.,]\d+)?\s*E\s*\+?\d{1,2}", re.IGNORECASE)
_SEPARATORS = re.compile(r"\s*(?:[/,;|&\\\n]|\b(?:or|and)\b|या|और)\s*", re.IGNORECASE)
_SIDE_BY_SIDE = re.compile(r"(\+?\d{10,13})\s+(\+?\d{10,13})")
_EXTENSION = re.compile(r"[\s,;]*(?:\bext(?:ensio)?n?\b|(?<=\d)x|\bx|#)[\s.:=-]*(\d{1,7})", re.IGNORECASE)
_WORDS_AROUND = re.compile(r"[^\d+]*?(\+?\(?\d[\d ().-]{5,}\d)(?:\s*[\s(,:;][^\d]*)?")
_AMERICAN_STYLE = re.compile(r"\([0-9]{3}\) ?[0-9]{3}[-. ]?[0-9]{4}|[0-9]{3}([-.])[0-9]{3}\1[0-9]{4}")
"""(617) 555-1234 and 617-555-1234 are also Indian mobiles by their digits; nobody in India writes them so."""
_NO_DIGIT = re.compile("[^0-9]")
_FILLERS = frozenset({"1234567890", "0123456789", "12345678901"})


def read_number(cell: str, region: str | None, *, certain: bool = False) -> PhoneNumber | Problem:
    """Read a cell as a number of this region (ISO code; None: only numbers with + count).

    certain: the row itself names the region, so a number that would also fit another country is not in doubt.
    """
    return common_number(cell, region) or read_uncommon_number(cell, region, certain=certain)


def read_uncommon_number(cell: str, region: str | None, *, certain: bool = False) -> PhoneNumber | Problem:
    """The long way of read_number, for any form."""
    if len(cell) > MAX_SIGNS:
        return problem("not_a_number")
    text, repairs = plain_text(cell)
    if not text or text.replace(" ", "").casefold() in EMPTY:
        return problem("missing_phone")
    if _SCIENTIFIC.fullmatch(text):
        return problem("excel_scientific")
    text, extension = _without_extension(text)
    if extension:
        repairs.append("extension")
    pieces = _pieces(text)
    answers = [_repaired(piece, cell, region, certain) for piece in pieces]
    good = [answer for answer in answers if isinstance(answer, PhoneNumber)]
    if not good:
        return answers[0]
    if pieces != [text]:
        repairs.append("two_numbers")
    codes = tuple(dict.fromkeys((*repairs, *good[0].repairs)))
    second = next((other.e164 for other in good if other.e164 != good[0].e164), "")
    return good[0]._replace(repairs=codes, extension=extension, alternate=second)


def _without_extension(text: str) -> tuple[str, str]:
    found = _EXTENSION.search(text)
    if found is None or found.end() != len(text):
        return text, ""
    return text[: found.start()], found.group(1)


def _pieces(text: str) -> list[str]:
    """The numbers in a cell. Less than seven digits are no number: a part of an address, a neighbour's last digits."""
    if found := _SIDE_BY_SIDE.fullmatch(text):
        return list(found.groups())
    pieces = [piece for piece in _SEPARATORS.split(text) if sum(map(str.isdigit, piece)) >= 7]
    return pieces or [text]


def _repaired(text: str, cell: str, region: str | None, certain: bool) -> PhoneNumber | Problem:
    """One number, as it stands or with the least that makes it one; else why the first reading failed."""
    first: Problem | None = None
    if text != cell and (common := common_number(text, region)):
        return common
    if text.isdigit() and len(text) > 6 and _is_filler(text):
        return problem("placeholder")
    for candidate, repairs in _candidates(text, region):
        answer = _parsed(candidate, region, certain)
        if isinstance(answer, PhoneNumber):
            return answer._replace(repairs=(*repairs, *answer.repairs))
        if answer.code in NEVER_DIALLED:
            return answer
        first = first or answer
    return first or problem("letters" if any(map(str.isdigit, text)) else "not_a_number")


def _candidates(text: str, region: str | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    if any(map(str.isalpha, text)):
        if found := _WORDS_AROUND.fullmatch(text):
            yield found.group(1), ("text_around",)
        return
    if text.startswith("+0"):
        yield "+" + text[1:].lstrip("0 -"), ("double_zero",)
        return
    if text.startswith("00"):
        yield "+" + text[2:], ("double_zero",)
    yield text, ()
    if region and text.startswith("0") and text.lstrip("0").startswith(str(calling_code(region))):
        yield "+" + text.lstrip("0"), ("leading_zero",)


def _parsed(text: str, region: str | None, certain: bool) -> PhoneNumber | Problem:
    digits = _NO_DIGIT.sub("", text)
    explicit = "+" in text
    if not explicit and len(digits) <= 6:
        return _short(digits, region)
    if region and not explicit and digits[0] != "0" and len(digits) < shortest_number(region):
        return problem("too_short")
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException as fault:
        # Without a region the library blames the country code of every number that has no +.
        return problem("ambiguous_country" if region is None and not explicit else _UNREADABLE[fault.error_type])
    national = phonenumbers.national_significant_number(number)
    if number.country_code == 91 and len(national) == 10 and national.startswith(("140", "160")):
        return problem("business_series")
    country, kind = country_and_kind(number.country_code or 0, national)
    if not kind:
        return _invalid(number, digits, explicit)
    if kind not in DIALLED_KINDS:
        return problem(kind)
    if country == _NO_COUNTRY:
        return problem("satellite")
    if not explicit and _is_filler(national):
        return problem("placeholder")
    in_doubt = not (explicit or certain) and number.country_code != 1 and digits == national and len(digits) == 10
    if in_doubt and (kind == "fixed_line" or _AMERICAN_STYLE.fullmatch(text)) and country_and_kind(1, digits)[1]:
        return problem("ambiguous_country")
    e164 = f"+{number.country_code}{national}"
    return PhoneNumber(e164, country, kind, _prefix_repairs(digits, explicit, country, e164))


def _is_filler(digits: str) -> bool:
    return digits in _FILLERS or digits == digits[0] * len(digits)


@lru_cache(maxsize=10_000)
def _short(digits: str, region: str | None) -> Problem:
    if not digits:
        return problem("not_a_number")
    if region and shortnumberinfo.is_emergency_number(digits, region):
        return problem("emergency_number")
    number = phonenumbers.PhoneNumber(calling_code(region or ""), int(digits))
    if region and shortnumberinfo.is_valid_short_number_for_region(number, region):
        return problem("short_number")
    return problem("too_short")


def _invalid(number: phonenumbers.PhoneNumber, digits: str, explicit: bool) -> Problem:
    if not explicit and len(digits) > 10 and country_and_kind(*split_digits(digits))[1]:
        return problem("ambiguous_country")
    possible = phonenumbers.is_possible_number_for_type_with_reason(number, PhoneNumberType.MOBILE)
    return problem(_IMPOSSIBLE.get(possible, "invalid_number"))


def _prefix_repairs(digits: str, explicit: bool, country: str, e164: str) -> tuple[str, ...]:
    code = str(calling_code(country))
    national = e164.removeprefix(f"+{code}")
    if digits.removeprefix(code if explicit else "") == f"0{national}" and country in _TRUNK_ZERO_IS_UNUSUAL:
        return ("trunk_zero",)
    if not explicit and digits == code + national and code != "1":
        return ("no_plus",)
    return ()


def calling_code(region: str) -> int:
    """The country code of a region (91 for IN); 0 when there is no such region."""
    return phonenumbers.country_code_for_region(region)


def is_region(code: str) -> bool:
    """Whether this is the ISO code of a country or territory that has telephone numbers."""
    return code in phonenumbers.SUPPORTED_REGIONS


def redacted(e164: str) -> str:
    """The number as a log may show it: country code and last two digits, +91********10."""
    digits = e164.removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and len(digits) > 6):
        return "***"
    code = next((digits[:n] for n in (1, 2, 3) if int(digits[:n]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE), "")
    return f"+{code}{'*' * (len(digits) - len(code) - 2)}{digits[-2:]}"


class NumberHash:
    """Keyed HMAC-SHA256 of numbers in E.164: the id of a contact or a suppression, from which no number can be read.

    The two halves of the HMAC are prepared once, which more than halves the cost of a number.
    """

    def __init__(self, key: bytes) -> None:
        block = (key if len(key) <= 64 else hashlib.sha256(key).digest()).ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def __call__(self, e164: str) -> str:
        """64 hexadecimal digits."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(e164.encode())
        outer.update(inner.digest())
        return outer.hexdigest()


def number_hash(e164: str, key: bytes) -> str:
    """The keyed HMAC-SHA256 of one number, in hexadecimal digits."""
    return hmac.digest(key, e164.encode(), "sha256").hex()
